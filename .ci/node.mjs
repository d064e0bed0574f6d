// Says in one sentence that this Node is too old, before something fails in a way that does not say so. `npm run demo` runs
// it first, and the command line tool begins with it.
{
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`effect-instantly needs Node 20.19 or later, and this is Node ${process.versions.node}.`)
    process.exit(2)
  }
}
