/** How the tool ends: its exit codes, and the error that ends it early. */
import * as Data from "effect/Data"

/** The highest code that applies is the exit code. `usage` stands alone: it means that nothing was deleted. */
export const codes = { gone: 0, failed: 1, usage: 2, unknown: 3, unauthorized: 4 } as const

/** Ends the tool with an exit code and a message. */
export class Exit extends Data.TaggedError("Exit")<{ readonly code: number; readonly message: string }> {}

export const usage = (problem: string) => new Exit({ code: codes.usage, message: `${problem}\nSee --help.` })

export const cancelled = new Exit({ code: codes.usage, message: "Cancelled." })

/** Whether a text holds what looks like a whole secret of Instantly's, such as an address with the secret in it. */
export const holdsSecret = (text: string) => /(?:^|[^A-Za-z0-9+/])[A-Za-z0-9+/]{66}==/.test(text)

const cure =
  "Run the command without it: the tool asks for it. Then rotate that key, and clear the shell's history and npm's logs (~/.npm/_logs)."

/** Added to the message about a secret as an argument. */
export const itWasASecret = `It has leaked now. ${cure}`

/** Added to the message about a wrong argument, because people give the secret itself. */
export const ifItWasASecret = `If you gave a secret, it has leaked now. ${cure}`
