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

const JUDGE = resolve('test/lab/recorder/judge.ts')
const CURSOR = resolve('test/lab/recorder/lossy-cursor.ts')
const built = new Map<boolean, Promise<string>>()

/**
 * The program as `make build` makes it, but with a judge that writes to the file SOCKTRACE_JUDGED; gives its path.
 * `isLossy`: and not told of every record of the kernel.
 */
export function recorder(isLossy = false): Promise<string> {
  const made = built.get(isLossy) ?? bundle(isLossy)
  built.set(isLossy, made)
  return made
}

async function bundle(isLossy: boolean): Promise<string> {
  const file = resolve(`build/lab-recorder${isLossy ? '-lossy' : ''}.cjs`)
  await build({
    entryPoints: ['test/lab/recorder/main.ts'],
    outfile: file,
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
        setup({ onResolve }) {
          onResolve({ filter: /\/diagnose\/judge\.ts$/ }, ({ importer }) =>
            importer.endsWith('/cli/analysis/analysis.ts') ? { path: JUDGE } : undefined,
          )
          onResolve({ filter: /\/ring-cursor\.ts$/ }, ({ importer }) =>
            isLossy && importer.endsWith('/host/kernel/bpf-plane.ts') ? { path: CURSOR } : undefined,
          )
        },
      },
    ],
  })
  if (!existsSync(file)) throw new Error(`${file} was not made`)
  return file
}
