import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'
import type { VerdictName } from '../../../src/diagnose/verdict.ts'
import type { Endpoint } from '../../../src/flow/event.ts'

/** One piece of evidence: every rule that speaks on it, in the order in which they are asked, and what each says. */
export interface Judged {
  readonly proto: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly server: Endpoint
  readonly spoke: readonly (readonly [rule: string, verdict: VerdictName])[]
}

const FILE = resolve('build/lab-recorder.cjs')
const JUDGE = resolve('test/lab/recorder/judge.ts')
let built: Promise<string> | undefined

/** The program as `make build` makes it, but with a judge that writes to the file SOCKTRACE_JUDGED; gives its path. */
export function recorder(): Promise<string> {
  built ??= bundle()
  return built
}

async function bundle(): Promise<string> {
  await build({
    entryPoints: ['test/lab/recorder/main.ts'],
    outfile: FILE,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['koffi', 'cap'],
    define: { 'import.meta.url': '__importMetaUrl' },
    banner: { js: "const __importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
    plugins: [
      {
        name: 'judge',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/diagnose\/judge\.ts$/ }, ({ importer }) =>
            importer.endsWith('/cli/analysis/analysis.ts') ? { path: JUDGE } : undefined,
          ),
      },
    ],
  })
  if (!existsSync(FILE)) throw new Error(`${FILE} was not made`)
  return FILE
}
