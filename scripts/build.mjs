// Bundles src/ into dist/: dist/cli/*.js (ES modules, one lazy chunk per command), dist/cli/{list,read,view}-code.cjs
// (the same for `list`, for `read` and for `socktrace` alone, with list.cjs, read.cjs and view.cjs that start them) and
// dist/sea.cjs (the entry of the one executable), one CommonJS file each. Types are checked by `make check`, not here.
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { generate } from './bench/generate.mjs'
import './engine.mjs'

// Built beside dist/ and swapped in whole: a failed build leaves the last good one.
const staging = 'dist.new'
/** A capture to run `read` on. */
const sample = `${staging}/sample.pcap`
const LATE = join(import.meta.dirname, 'late')

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Native code cannot be bundled; everything else is, because unbundled imports cost about 60 ms at start.
  external: ['koffi', 'cap'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
}

/**
 * `string-width` compiles patterns of emoji, 33 ms, where ASCII, nearly all there is, asks for no width: it is loaded when
 * it is called first.
 */
const lateWidth = {
  name: 'late-width',
  setup({ onResolve, onLoad }) {
    // cli-table3 has a version of its own, which is a function and not a module.
    onResolve({ filter: /^string-width$/ }, ({ importer, namespace, path }) =>
      namespace === 'late-width' || importer.includes('node_modules')
        ? undefined
        : { path, namespace: 'late-width' },
    )
    onLoad({ filter: /./, namespace: 'late-width' }, () => ({
      contents: "export default (text) => require('string-width').default(text)",
      resolveDir: process.cwd(),
    }))
  },
}

const modules = {
  ...common,
  plugins: [lateWidth],
  entryPoints: ['src/cli/main.ts'],
  format: 'esm',
  splitting: true,
  outdir: `${staging}/cli`,
  chunkNames: '[name]-[hash]',
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
}

const oneFile = {
  ...common,
  format: 'cjs',
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: { js: "const __importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
}

const executable = {
  ...oneFile,
  plugins: [lateWidth],
  entryPoints: ['src/cli/executable.ts'],
  outfile: `${staging}/sea.cjs`,
}

/** Commands other than `own` are loaded by name when they are asked for: never by a file made for that one. */
const withoutCommands = (own) => ({
  name: 'without-other-commands',
  setup({ onResolve }) {
    const places = own === undefined ? /src\/cli\/commands\.ts$/ : /src\/cli\/(?:commands|stream)\.ts$/
    onResolve({ filter: /^\.\// }, ({ kind, importer, path }) =>
      kind === 'dynamic-import' && places.test(importer) && path !== own
        ? { path, external: true }
        : undefined,
    )
  },
})

/** What takes long to load has a stand-in in scripts/late/: it loads the package when it is needed, or only its half. */
const late = {
  name: 'late',
  setup({ onResolve }) {
    onResolve({ filter: /^(?:node:)?(?:child_process|net|tty)$|^(?:chalk|koffi)$/ }, ({ importer, path }) =>
      dirname(importer) === LATE
        ? undefined
        : { path: join(LATE, `${path.replace('node:', '').replace('_', '-')}.cjs`) },
    )
  },
}

/** A socket is looked up within 0.1 s: thirty chunks of ES modules take 25 ms longer to load than this file. */
const list = {
  ...oneFile,
  entryPoints: ['src/cli/main.ts'],
  plugins: [withoutCommands('./list.ts'), late, lateWidth],
  outfile: `${staging}/cli/list-code.cjs`,
  metafile: true,
}

/** What `socktrace` alone opens has its sockets on the screen within 0.3 s: 80 ms less of them than as modules. */
const view = {
  ...oneFile,
  entryPoints: ['src/cli/main.ts'],
  plugins: [withoutCommands(undefined), late, lateWidth],
  outfile: `${staging}/cli/view-code.cjs`,
}

/** Two million packets take a second: starting with modules is 40 ms of it. */
const read = {
  ...oneFile,
  entryPoints: ['src/cli/main.ts'],
  plugins: [withoutCommands('./read.ts'), late, lateWidth],
  outfile: `${staging}/cli/read-code.cjs`,
}

/** What belongs to other commands would be read and compiled by every `list`. */
function refuseForeignParts({ inputs }) {
  const foreign = Object.keys(inputs).filter((path) => /^src\/(?:live|flow|diagnose)\//.test(path))
  if (foreign.length > 0) throw new Error(`list has parts of other commands in it: ${foreign.join(', ')}`)
}

/** start.cjs reads a letter a byte: what esbuild leaves as it is in regular expressions is written in ASCII too. */
function keepAscii(file) {
  const inAscii = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[\u0080-\uffff]/g, inAscii))
}

/** Compiles the program that `file` starts. Without it everything works too, 25 ms later: no reason to fail. */
function cacheCode(file, capture) {
  const compiled = file.replace(/\.cjs$/, '-code.bin')
  const { status, signal } = spawnSync(process.execPath, ['scripts/code-cache.cjs', file, capture], {
    stdio: 'ignore',
  })
  if (status === 0 && statSync(compiled, { throwIfNoEntry: false })?.size > 0) return
  rmSync(compiled, { force: true })
  console.warn(`${file} starts slower: its code was not compiled (${signal ?? `exit code ${status}`})`)
}

rmSync(staging, { recursive: true, force: true })
try {
  await build(modules)
  await build(executable)
  await build(view)
  await build(read)
  generate(sample, 3000)
  const { metafile } = await build(list)
  refuseForeignParts(metafile)
  for (const name of ['list', 'view', 'read']) {
    const file = `${staging}/cli/${name}.cjs`
    copyFileSync('scripts/start.cjs', file)
    keepAscii(`${staging}/cli/${name}-code.cjs`)
    cacheCode(file, sample)
  }
  rmSync(sample)
} catch (error) {
  // esbuild has already printed what is wrong and where.
  if (error.errors === undefined) console.error(error.message)
  rmSync(staging, { recursive: true, force: true })
  process.exit(1)
}
rmSync('dist', { recursive: true, force: true })
renameSync(staging, 'dist')
