/** The two tables of `examples/fence.ts` in memory. What they do with real statements is tested on a real PostgreSQL. */
import { Effect, Layer } from "effect"
import { Database, DatabaseError, statements } from "../../examples/fence.js"

export interface Options {
  /** How many entries have room. */
  readonly longest?: number
  /** How an answer travels, once the statement has been carried out. */
  readonly answer?: (statement: string) => Effect.Effect<void>
}

export const tables = ({ answer = () => Effect.void, longest = Number.POSITIVE_INFINITY }: Options = {}) => {
  const epochs = new Map<string, number>()
  const entries: Array<{ readonly run: string; readonly entry: string }> = []
  const asked: Array<string> = []

  const carryOut = (statement: string, [run = "", epoch, entry = ""]: ReadonlyArray<string>) => {
    const isCurrent = String(epochs.get(run)) === epoch
    switch (statement) {
      case statements.take:
        epochs.set(run, (epochs.get(run) ?? 0) + 1)
        return [{ epoch: epochs.get(run) }]
      case statements.write:
        if (isCurrent) entries.push({ run, entry })
        return isCurrent ? [{}] : []
      case statements.prove:
        return isCurrent ? [{}] : []
      default:
        return entries.filter((row) => row.run === run)
    }
  }

  const live = Layer.succeed(Database, (statement, values) =>
    Effect.suspend(() => {
      asked.push(statement)
      if (statement === statements.write && entries.length >= longest) {
        return new DatabaseError({ message: "the disk is full" })
      }
      const rows = carryOut(statement, values)
      return Effect.as(answer(statement), rows)
    })
  )
  return { live, asked, entries }
}
