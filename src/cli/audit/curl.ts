/** The `curl` command that deletes webhooks, for which the library has no operation. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Target } from "../instantly/target.js"
import { quoted } from "../usage/program.js"

/** Whoever sends another id may have chosen it to name another resource. */
const isUuid = (id: string) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)

/**
 * The command, and how many webhooks it deletes. It asks for the API key, and keeps it out of the history and of the process list. It is in parentheses,
 * so that a shell reads all of it before it asks.
 */
export const deletionOf = (webhooks: ReadonlyArray<string>) =>
  Effect.map(Target, ({ address, workspaceId }) => {
    const ids = webhooks.filter(isUuid)
    if (ids.length === 0) return Option.none()
    const workspace = Option.toArray(Option.map(workspaceId, (id) => `-H ${quoted(`x-as-workspace: ${id}`)} \\`))
    const command = [
      "(printf 'API key: '; read -rs KEY; echo",
      `printf 'Authorization: Bearer %s\\n' "$KEY" |`,
      `curl -sS -w '\\n' -A revoke/1.0 -H @- -X DELETE \\`,
      ...workspace,
      `${ids.map((id) => quoted(`${address}/api/v2/webhooks/${id}`)).join(" \\\n")})`
    ].join("\n")
    return Option.some({ command, count: ids.length })
  })
