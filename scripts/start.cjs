// Becomes dist/cli/NAME.cjs: runs NAME-code.cjs with what V8 made of it when it was built (NAME-code.bin). To compile it
// again takes 25 ms. Another version of Node, or other flags of V8, refuse the file, and then it is compiled.
const { readFileSync } = require('node:fs')
const { Script } = require('node:vm')

const file = __filename.replace(/\.cjs$/, '-code.cjs')
const compiled = __filename.replace(/\.cjs$/, '-code.bin')

/** The program, and the script that it came from. */
exports.load = (cachedData) => {
  // As a module of CommonJS is wrapped, on the same line so that line numbers stay.
  // It is ASCII (scripts/build.mjs sees to it); read as UTF-8 it would come in pieces of 8 KB.
  const code = readFileSync(file).latin1Slice()
  const source = `(function(exports,require,module,__filename,__dirname){${code}\n})`
  const script = new Script(source, { filename: file, cachedData })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, require, module, file, __dirname)
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
