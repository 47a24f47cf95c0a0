// Bundles src/ into dist/: dist/cli/*.js (ES modules, one lazy chunk per command) and dist/sea.cjs (one CommonJS
// file, the entry of the one executable). Types are checked by `make check`, not here.
import { renameSync, rmSync } from 'node:fs'
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
  entryPoints: ['src/cli/executable.ts'],
  format: 'cjs',
  outfile: `${staging}/sea.cjs`,
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: { js: "const __importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
}

rmSync(staging, { recursive: true, force: true })
try {
  await build(modules)
  await build(oneFile)
} catch {
  // esbuild has already printed what is wrong and where.
  rmSync(staging, { recursive: true, force: true })
  process.exit(1)
}
rmSync('dist', { recursive: true, force: true })
renameSync(staging, 'dist')
