// `make check`: every rule that needs no running program. All of them run; each failure is shown under its name.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

const LINE_CAP = 400
const LINE_MEDIAN = 120
/** Compiled to WebAssembly, not bundled. */
const ENGINE = join('src', 'flow', 'engine')
/** Folders that must run where there is no Node, for example in a browser. */
const PURE = ['wire', 'capture', 'flow', 'stream', 'sockets', 'kernel', 'diagnose']

const checks = [
  ['types', () => tool('tsc', '-p', '.')],
  ['types of the pure folders, without Node', () => tool('tsc', '-p', 'tsconfig.core.json')],
  ['lint, format, layers, import cycles', () => tool('biome', 'check', '--error-on-warnings')],
  ['unused files, exports and dependencies', () => tool('knip', '--no-progress')],
  ['file sizes', fileSizes],
  ['pure folders bundle for a browser', browserBundle],
]

let failures = 0
for (const [name, check] of checks) {
  const started = performance.now()
  const { problem, note = '' } = await check()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${problem ? '✗' : '✓'} ${name} (${seconds} s)${note && ` — ${note}`}`)
  if (problem) console.log(problem)
  if (problem) failures++
}
if (failures) console.log(`make check: ${failures} of ${checks.length} failed`)
process.exitCode = failures ? 1 : 0

function tool(name, ...args) {
  const { status, stdout, stderr } = spawnSync(join('node_modules/.bin', name), args, { encoding: 'utf8' })
  return { problem: status === 0 ? '' : stdout + stderr || `${name} ended with ${status}` }
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function fileSizes() {
  const sizes = sources('src')
    .map((path) => ({ path, lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines)
  const median = sizes[sizes.length >> 1].lines
  const problems = sizes
    .filter(({ lines }) => lines > LINE_CAP)
    .map(({ path, lines }) => `${path}: ${lines} lines, the cap is ${LINE_CAP}`)
  if (median > LINE_MEDIAN) problems.push(`the median is ${median} lines, at most ${LINE_MEDIAN} are allowed`)
  const largest = sizes.at(-1)
  const note = `${sizes.length} files, median ${median} lines, largest ${largest.path} with ${largest.lines}`
  return { problem: problems.join('\n'), note }
}

/** Bundles each pure folder as a browser would load it and names every import that reaches Node. */
async function browserBundle() {
  const folders = PURE.filter((name) => existsSync(join('src', name)))
  const node = new Set(builtinModules)
  const problems = []
  const refuseNode = {
    name: 'refuse-node',
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point' || path.startsWith('.')) return undefined
        const what = path.startsWith('node:') || node.has(path) ? 'Node' : 'a package'
        problems.push(`${importer}: imports ${what}: ${path}`)
        return { path, external: true }
      })
    },
  }
  const entryPoints = folders
    .flatMap((name) => sources(join('src', name)))
    .filter((name) => !name.startsWith(ENGINE))
  try {
    await build({
      entryPoints,
      bundle: true,
      write: false,
      outdir: 'build/browser',
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
      plugins: [refuseNode],
    })
  } catch (error) {
    problems.push(error.message)
  }
  return { problem: problems.join('\n'), note: folders.join(' ') }
}
