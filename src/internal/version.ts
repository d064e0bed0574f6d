/** The version in `package.json`, which a bundled library cannot read; a test holds the two together. */
export const version = "0.1.0"
