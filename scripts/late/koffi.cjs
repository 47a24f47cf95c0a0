// koffi looks in several places for its library, and into Node's file for the name of the C library: 5 ms. With glibc, and
// where npm puts it as a rule, the library is found at once. What koffi's own file adds to it are names that it gives up.
const { existsSync } = require('node:fs')

const MUSL = { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' }[process.arch]

function library() {
  // Both C libraries may be there: koffi knows which one is Node's.
  if (MUSL === undefined || existsSync(MUSL)) return undefined
  try {
    // By a variable: the bundler leaves it alone.
    const name = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`
    return require(name)
  } catch {
    return undefined
  }
}

module.exports = library() ?? require('koffi')
