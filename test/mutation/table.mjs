/** Says of each module how many of its mutants the tests killed, and whether that is enough. */

/** Percent of the mutants that are to be killed: of all together, and of the modules that the promises rest on. */
const inAll = 85
const inModule = { "src/Outcome.ts": 95, "src/InstantlyError.ts": 95, "src/RateLimit.ts": 95 }

const counts = (mutants) => {
  const of = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length
  const killed = of("Killed", "Timeout")
  const survived = of("Survived", "NoCoverage")
  const left = mutants.length - killed - survived
  return { killed, survived, left, score: (100 * killed) / (killed + survived) }
}

const row = (name, { killed, left, score, survived }, wanted) => {
  const verdict = wanted === undefined ? "" : score >= wanted ? `holds ${wanted} %` : `falls short of ${wanted} %`
  const cells = [score.toFixed(1).padStart(6), ...[killed, survived, left].map((count) => String(count).padStart(8))]
  return `${name.padEnd(36)}${cells.join("")}  ${verdict}`.trimEnd()
}

class Table {
  onMutationTestReportReady({ files }) {
    const modules = Object.entries(files).map(([name, { mutants }]) => [name, counts(mutants), inModule[name]])
    const all = counts(Object.values(files).flatMap(({ mutants }) => mutants))
    const rows = [...modules, ["all", all, inAll]]
    console.log(`${"module".padEnd(36)}     %  killed survived  neither`)
    for (const [name, counted, wanted] of rows) console.log(row(name, counted, wanted))
    if (rows.some(([, { score }, wanted]) => score < wanted)) process.exitCode = 1
  }
}

export const strykerPlugins = [{ kind: "Reporter", name: "table", value: new Table() }]
