/** The commands and their options, as data: the arguments are read by it, and the help is printed from it. */
import { program, quietProgram } from "./program.js"

interface Option {
  /** What stands for the value in the help; an option without one is a flag. */
  readonly value?: string
  readonly text: string
}

const credential = {
  "key-file": { value: "FILE", text: "Reads the API key to call with from this file." },
  "key-command": {
    value: "COMMAND",
    text: `Runs this in the shell and takes the API key to call with from its output, which is never shown. It has one minute.`
  },
  rehearse: { text: "Works on made-up keys in this process. Nothing leaves this machine." }
} satisfies Record<string, Option>

const everywhere = {
  help: { text: "Shows this help." }
} satisfies Record<string, Option>

const whichKey = `The API key to call with comes from --key-file or --key-command, else from INSTANTLY_API_KEY, else from a question \
in which it is not shown. INSTANTLY_BASE_URL and INSTANTLY_WORKSPACE_ID are read, too.`

const secrets = "A secret is never an argument: the shell keeps those, and other programs can see them."

export const commands = {
  revoke: {
    summary: "Deletes API keys, after a question.",
    words: "[ID ...]",
    about: [
      "Deletes Instantly API keys, after a question. A deleted key cannot be restored.",
      whichKey,
      secrets,
      "If stdout is not a terminal, each line of it is a receipt, as JSON.",
      "Ctrl-C stops: nothing more is sent, and what is under way finishes. A second Ctrl-C quits at once, with exit code 130."
    ],
    options: {
      leaked: { text: "Asks for a leaked secret and its key, and checks at the end that the secret is dead." },
      name: { value: "TEXT", text: "Takes all keys whose name contains this text (case matters)." },
      file: { value: "FILE", text: "Reads ids from a file, one on each line; # begins a comment." },
      stdin: { text: "Reads ids from stdin in the same way." },
      "dry-run": { text: "Shows what would be deleted, and deletes nothing." },
      yes: { text: "Does not ask. Required if there is no terminal." },
      "including-own-key": {
        text: "Deletes the key that this tool calls with, too, if it is among them. It is the last."
      },
      journal: {
        value: "FILE",
        text: "Writes down each deletion before and after it, and goes on where an earlier run of this file ended."
      },
      fsync: { text: "Waits for the disk after each line of the journal, so that it survives a power cut." },
      ...credential,
      ...everywhere
    },
    examples: [
      [`${program} revoke --leaked`, "a secret has leaked: find its key, delete it, see it dead"],
      [`${program} revoke --leaked --rehearse`, "the same, on made-up keys"],
      [`${program} revoke --name zapier --dry-run`, "look first"],
      [`${program} revoke --file ids.txt --journal done.jsonl`, "many; again after a crash to go on"],
      [`${program} revoke --key-command 'pass show instantly' --name zapier`, ""]
    ],
    codes: [
      "0  all keys are gone: deleted now, or settled by the journal, and none is listed any more",
      "1  some failed, were not found in this workspace, were not sent or are still listed, or a secret is still accepted",
      "2  wrong usage, or cancelled: nothing was deleted",
      "3  it is not known whether some are gone, or whether a secret is dead",
      "4  not authorized (401), no plan (402) or no scope (403)"
    ]
  },
  list: {
    summary: "Lists the API keys of the workspace.",
    words: "",
    about: [
      "Lists the API keys of the workspace, without their secrets. If stdout is not a terminal, each line of it is a key, as JSON.",
      whichKey
    ],
    options: {
      name: { value: "TEXT", text: "Lists only keys whose name contains this text (case matters)." },
      json: { text: "Prints each key as a line of JSON on a terminal, too." },
      ...credential,
      ...everywhere
    },
    examples: [
      [`${program} list`, ""],
      [`${quietProgram} list --name zapier | jq -r .id`, "their ids"]
    ],
    codes: [
      "0  the keys were listed",
      "1  they could not be listed",
      "2  wrong usage",
      "4  not authorized (401), no plan (402) or no scope (403)"
    ]
  },
  check: {
    summary: "Asks Instantly whether it accepts a secret.",
    words: "",
    about: [
      `Asks for a secret, on a terminal or on one line of stdin, and then asks Instantly whether it accepts it. The secret \
authenticates one harmless read. No other API key is needed.`,
      secrets,
      `Nothing documents what a whole key looks like, so a secret that is not accepted may also not have been pasted whole. \
That is why no exit code means that it is dead.`
    ],
    options: {
      rehearse: { text: "Asks a made-up Instantly in this process. Nothing leaves this machine." },
      ...everywhere
    },
    examples: [
      [`${program} check`, "paste the secret; it is not shown"],
      [`pass show instantly/old | ${program} check`, ""]
    ],
    codes: [
      "1  the secret is accepted: its key is alive",
      "2  wrong usage",
      "3  the secret is not accepted: dead, or not pasted whole; or Instantly could not be asked"
    ]
  }
} as const

export type CommandName = keyof typeof commands

/** All names of options, of whatever command. */
export type OptionName = { [K in CommandName]: keyof (typeof commands)[K]["options"] }[CommandName]

export const optionsOf = (command: CommandName): ReadonlyMap<string, Option> =>
  new Map<string, Option>(Object.entries(commands[command].options))
