// Becomes dist/cli/NAME.cjs: runs NAME-code.cjs with what V8 made of it when it was built (NAME-code.bin). To compile it
// again takes 25 ms. Another version of Node, or other flags of V8, refuse the file, and then it is compiled.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { dirname } = require('node:path')
const { Script } = require('node:vm')

const file = __filename.replace(/\.cjs$/, '-code.cjs')
const compiled = __filename.replace(/\.cjs$/, '-code.bin')

/** The program, and the script that it came from. */
exports.load = (cachedData) => {
  // As a module of CommonJS is wrapped, on the same line so that line numbers stay.
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`
  const script = new Script(source, { filename: file, cachedData })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  return { script, program: module.exports }
}

exports.main = (args) => exports.load(readCompiled()).program.main(args)

function readCompiled() {
  try {
    return readFileSync(compiled)
  } catch {
    return undefined
  }
}
