/** The commands and their options, as data: they define how arguments are read, and what the help says. */
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
  }
} satisfies Record<string, Option>

const rehearse = {
  rehearse: { text: "Works on made-up keys in this process. Nothing leaves this machine." }
} satisfies Record<string, Option>

const everywhere = {
  json: { text: "Prints lines of JSON on a terminal, too, one for each thing and without secrets." },
  help: { text: "Shows this help." }
} satisfies Record<string, Option>

const since = {
  since: { value: "DATE", text: "Leaves out what the audit log has from before that date, such as 2026-08-01." }
} satisfies Record<string, Option>

/** What the API key to call with needs. `check` calls with the secret itself. */
export const scopes = {
  revoke: "the scopes api_keys:read and api_keys:delete",
  list: "the scope api_keys:read",
  check: "no scope",
  audit: "the scopes audit_logs:read and api_keys:read"
}

const whichKey = (needs: string) =>
  `The API key to call with comes from --key-file or --key-command, else from INSTANTLY_API_KEY, else from a question in which it \
is not shown. It needs ${needs}. INSTANTLY_BASE_URL and INSTANTLY_WORKSPACE_ID are read, too.`

const secrets = "A secret is never an argument: the shell keeps those, and other programs can see them."

const ifNotTerminal = "If stdout is not a terminal, each line of it is one thing, as JSON."

const unauthorized = "4  not authorized (401), no plan (402) or no scope (401, 403)"

export const commands = {
  revoke: {
    summary: "Deletes API keys, after a question.",
    words: "[ID ...]",
    about: [
      "Deletes Instantly API keys, after a question. A deleted key cannot be restored.",
      `With --leaked it asks for a secret, says whether it is alive and what it can do, finds its key, deletes it, checks that the \
secret is dead, and reads in the audit log what the key did and which keys and webhooks it left behind.`,
      whichKey(`${scopes.revoke}, and for --leaked also audit_logs:read`),
      secrets,
      ifNotTerminal,
      "Ctrl-C stops: no more deletions begin, and those that have begun finish (at most 25, those that wait for their turn included). A second Ctrl-C quits at once, with exit code 130."
    ],
    options: {
      leaked: { text: "Asks for a leaked secret, and goes through all that." },
      name: { value: "TEXT", text: "Takes all keys whose name contains this text (case matters)." },
      file: { value: "FILE", text: "Reads ids from a file, one on each line; # begins a comment." },
      stdin: { text: "Reads ids from stdin in the same way." },
      "dry-run": { text: "Shows what would be deleted, and deletes nothing." },
      yes: {
        text: `Does not ask. Required if there is no terminal. What the audit log finds is not deleted by it.`
      },
      "including-own-key": {
        text: "Deletes the key that this tool calls with, too, if it is among them. It is the last."
      },
      journal: {
        value: "FILE",
        text: "Writes down each deletion before and after it, and goes on where an earlier run of this file ended."
      },
      fsync: { text: "Waits for the disk after each line of the journal, so that it survives a power cut." },
      ...since,
      ...credential,
      ...rehearse,
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
      "0  all keys are gone, and none is listed any more; a leaked secret is refused",
      "1  some failed, were not found in this workspace, were not sent or are still listed, or a secret is still accepted",
      "2  wrong usage, or cancelled: nothing was deleted",
      "3  not known: whether some are gone, or whether a secret is dead or was not pasted whole",
      unauthorized
    ]
  },
  list: {
    summary: "Lists the API keys of the workspace.",
    words: "",
    about: ["Lists the API keys of the workspace, without their secrets.", ifNotTerminal, whichKey(scopes.list)],
    options: {
      name: { value: "TEXT", text: "Lists only keys whose name contains this text (case matters)." },
      ...credential,
      ...rehearse,
      ...everywhere
    },
    examples: [
      [`${program} list`, ""],
      [`${quietProgram} list --name zapier | jq -r .id`, "their ids"]
    ],
    codes: ["0  the keys were listed", "1  they could not be listed", "2  wrong usage", unauthorized]
  },
  check: {
    summary: "Checks whether a secret is alive, and what it can do.",
    words: "",
    about: [
      `Asks for a secret, on a terminal or on one line of stdin, and checks whether Instantly accepts it, by a harmless read. If \
Instantly refuses it, a made-up secret is sent as well, to see whether it is refused in the same words. No other API key is needed.`,
      secrets,
      ifNotTerminal,
      `A part of a living secret is refused, too. So 0 is only for a secret of the shape that real ones have: 68 characters, base64 \
of a UUID, a colon and 12 characters. Instantly does not document that shape.`
    ],
    options: { ...rehearse, ...everywhere },
    examples: [
      [`${program} check`, "paste the secret; it is not shown"],
      [`pass show instantly/old | ${quietProgram} check`, ""]
    ],
    codes: [
      "0  refused as one that never was: the secret is dead",
      "1  accepted: its key is alive",
      "2  wrong usage",
      "3  not known: Instantly gave no clear answer, or the secret may not be whole"
    ]
  },
  audit: {
    summary: "Shows what keys did, and what they left behind.",
    words: "ID ...",
    about: [
      `Reads the audit log of the workspace, and shows what the keys with these ids did: by activity, address and user agent, how \
often and when. Then it shows which keys and webhooks were created with them, because those outlive them.`,
      `Where the log names a key that was created, it says so. Otherwise a key that was created within the same five seconds is \
shown as "perhaps".`,
      ifNotTerminal,
      whichKey(scopes.audit)
    ],
    options: { ...since, ...credential, ...everywhere },
    examples: [
      [`${program} audit 019e18e2-78d4-7322-941a-7384d8969c61`, ""],
      [`${program} audit 019e18e2-78d4-7322-941a-7384d8969c61 --since 2026-08-01`, ""]
    ],
    codes: [
      "0  the audit log was read whole, whatever it shows",
      "2  wrong usage",
      "3  the audit log was not read whole",
      unauthorized
    ]
  }
} as const

export type CommandName = keyof typeof commands

/** All names of options, of whatever command. */
export type OptionName = { [K in CommandName]: keyof (typeof commands)[K]["options"] }[CommandName]

export const optionsOf = (command: CommandName): ReadonlyMap<string, Option> =>
  new Map<string, Option>(Object.entries(commands[command].options))
