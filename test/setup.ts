import { addEqualityTesters } from "@effect/vitest"
import { FastCheck } from "effect"
import { repeatable } from "./support/histories.js"

// Without it `toEqual` compares nothing of a `Redacted`, an `Option` or a `Duration`.
addEqualityTesters()

FastCheck.configureGlobal(repeatable)
