/**
 * Makes one worker enough for all test files of a run, which takes a third of the time of a worker for each: every file
 * loads the sources anew, as a mutant needs that acts while a module loads, and nothing is left of the mutant before. The
 * first test that fails ends the run.
 */
import { afterEach, inject, vi } from "vitest"

declare module "vitest" {
  // What Stryker's runner provides; nothing is there in a run without it.
  interface ProvidedContext {
    readonly globalNamespace?: string
    readonly mutantActivation?: "static" | "runtime"
    readonly activeMutant?: string
  }
}

interface Stryker {
  activeMutant?: string | undefined
  mutantCoverage?: unknown
  killed?: string | undefined
}

const namespace = inject("globalNamespace")
if (namespace !== undefined) {
  const stryker: Stryker = Reflect.get(globalThis, namespace)
  const mutant = inject("activeMutant")
  // Vitest would load the files that are left, only to skip their tests.
  if (mutant !== undefined && stryker.killed === mutant) throw new Error("a test has killed this mutant already")
  stryker.killed = undefined
  stryker.mutantCoverage = undefined
  if (inject("mutantActivation") !== "static") stryker.activeMutant = undefined
  afterEach(({ task }) => {
    if (task.result?.state === "fail") stryker.killed = mutant
  })
}

vi.resetModules()
