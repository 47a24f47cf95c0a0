// Bundles src/ into dist/: dist/cli/*.js (ES modules, one lazy chunk per command), dist/cli/list.cjs (the same for
// `list` alone) and dist/sea.cjs (the entry of the one executable), one CommonJS file each. Types are checked by
// `make check`, not here.
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

// Built beside dist/ and swapped in whole: a failed build leaves the last good one.
const staging = 'dist.new'

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

const modules = {
  ...common,
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

const executable = { ...oneFile, entryPoints: ['src/cli/executable.ts'], outfile: `${staging}/sea.cjs` }

/** The lazy definitions of the other commands: `list` never asks for them. */
const otherCommands = [...readFileSync('src/cli/commands.ts', 'utf8').matchAll(/import\('(\.\/[^']+)'\)/g)]
  .map(([, path]) => path)
  .filter((path) => path !== './list.ts')

/** A socket is looked up within 0.1 s: thirty chunks of ES modules take 25 ms longer to load than this file. */
const list = {
  ...oneFile,
  entryPoints: ['src/cli/main.ts'],
  external: [...common.external, ...otherCommands, './stream-run.ts'],
  outfile: `${staging}/cli/list.cjs`,
}

rmSync(staging, { recursive: true, force: true })
try {
  await build(modules)
  await build(executable)
  await build(list)
} catch {
  // esbuild has already printed what is wrong and where.
  rmSync(staging, { recursive: true, force: true })
  process.exit(1)
}
rmSync('dist', { recursive: true, force: true })
renameSync(staging, 'dist')
