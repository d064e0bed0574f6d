/** The picture: what arrived at the server in each part of the time, a panel for each policy. */
import * as Svg from "../timelines/svg.js"
import type { Simulated, Workspace } from "./simulation.js"
import { cut, shown } from "./table.js"

const mostParts = 14

/** Seconds. */
const lengths = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200]

/** How many of these times fall within each part, for a second of it. */
const perSecond = (times: ReadonlyArray<number>, parts: number, length: number) => {
  const counts = Array.from({ length: parts }, () => 0)
  for (const at of times) {
    const part = Math.min(parts - 1, Math.floor(at / (1000 * length)))
    counts[part] = (counts[part] ?? 0) + 1
  }
  return counts.map((count) => count / length)
}

export const picture = (all: ReadonlyArray<Simulated>, workspace: Workspace): string => {
  const seconds = Math.max(1, ...all.map(({ took }) => took / 1000))
  const length = lengths.find((each) => seconds / each <= mostParts) ?? 7200
  const parts = Math.ceil(seconds / length)
  const panels = all.map(({ name, ours, theirs }): Svg.Panel => {
    const counts = [
      ["one", perSecond(ours.admitted, parts, length)],
      ["both", perSecond(theirs.admitted, parts, length)],
      ["other", perSecond([...ours.rejected, ...theirs.rejected], parts, length)]
    ] as const
    return {
      name: cut(name, 22),
      note: "requests a second",
      slots: Array.from({ length: parts }, (_, part) =>
        counts.map(([tone, of]) => [tone, Math.round(of[part] ?? 0)] as const)
      )
    }
  })
  const most = Math.max(
    workspace.perSecond,
    ...panels.flatMap(({ slots }) => slots.map((slot) => slot.reduce((sum, [, count]) => sum + count, 0)))
  )
  return Svg.bars(
    {
      title: `${shown(workspace.requests)} requests, where a server admits ${shown(workspace.perSecond)} a second and ${shown(workspace.perMinute)} a minute`,
      description:
        workspace.others === 0
          ? "What arrives at the server. What it rejects is sent again."
          : `What arrives at the server, where other programs send ${workspace.others} a second.`,
      legend: [
        ["bar", "one", "admitted"],
        ...(workspace.others === 0 ? [] : [["bar", "both", "admitted of others"] as const]),
        ["bar", "other", "rejected"]
      ]
    },
    { to: parts * length * 1000, every: length * 1000, label: (value) => String(value / 1000), unit: "seconds" },
    most,
    panels
  )
}
