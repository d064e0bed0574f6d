/** The version of the package, which the bundle holds. */
import manifest from "../../package.json" with { type: "json" }

export const { version } = manifest
