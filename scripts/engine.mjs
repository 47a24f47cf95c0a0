// Compiles the packet path, src/flow/engine (AssemblyScript), into src/flow/engine-code.ts: the WebAssembly module as
// base64. It is made, not kept: `make` runs this before anything that needs it. Arguments go to the compiler, such as
// `--debug` for names in a profile.
import { readFileSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const binaries = new Map()
const { error, stderr } = await asc.main(
  [
    'src/flow/engine/index.ts',
    '-O3',
    '--converge',
    '--noAssert',
    '--runtime',
    'stub',
    '--use',
    'abort=',
    // Shared, because only then views of it stay valid when it grows.
    '--enable',
    'threads',
    '--sharedMemory',
    '--maximumMemory',
    '65536',
    '-o',
    'engine.wasm',
    ...(process.argv[1]?.endsWith('engine.mjs') ? process.argv.slice(2) : []),
  ],
  {
    readFile: (name) => {
      try {
        // It takes no type imports, which the linter asks for, and no words as types.
        const text = readFileSync(name, 'utf8').replace(/\] as const\b/g, ']')
        return text.replace(/^import .*/gm, (line) => line.replace(/\btype /g, ''))
      } catch {
        return null
      }
    },
    writeFile: (name, contents) => void binaries.set(name, contents),
  },
)
if (error) {
  process.stderr.write(`${stderr}\n${error.message}\n`)
  process.exit(1)
}
const code = Buffer.from(binaries.get('engine.wasm')).toString('base64')
writeFileSync(
  'src/flow/engine-code.ts',
  `/** The packet path, compiled from \`engine/\` by scripts/engine.mjs. */\nexport const ENGINE_CODE =\n  '${code}'\n`,
)
