import { addEqualityTesters } from "@effect/vitest"

// Without it `toEqual` compares nothing of a `Redacted`, an `Option` or a `Duration`.
addEqualityTesters()
