/** `npm run demo` shows the library at work against Instantly embedded in this process. */
import { NodeRuntime } from "@effect/platform-node"
import { story } from "./story.js"

NodeRuntime.runMain(story)
