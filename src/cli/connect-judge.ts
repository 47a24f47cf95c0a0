import { judge } from '../diagnose/judge.ts'
import type { Verdict } from '../diagnose/verdict.ts'
import type { Endpoint } from '../flow/event.ts'
import type { Nanos } from '../flow/time.ts'
import { EvidenceLookup } from '../host/evidence-lookup.ts'
import { grantHint } from '../host/privileges.ts'
import type { ProcessRef } from '../process-ref.ts'

/** An attempt that failed, as the program that made it knows it. */
export interface Failed {
  readonly client: Endpoint | undefined
  readonly server: Endpoint
  readonly error: string
  /** connect() itself said so; else it was given up. */
  readonly final: boolean
  readonly at: Nanos
}

/** Judges without packets and without what the kernel tells: by connect()'s own result and the socket tables. */
export class UnwatchedJudge {
  readonly #lookup = new EvidenceLookup()
  readonly #why: string

  /** `why` packets are not watched, with the mend. */
  constructor(why: string) {
    this.#why = why
  }

  verdict({ client, server, error, final, at }: Failed): Verdict | undefined {
    const nobody = { addr: server.addr.includes(':') ? '::' : '0.0.0.0', port: 0 }
    const ends = { proto: 'tcp' as const, client: client ?? nobody, server }
    const here = { client: true, server: this.#lookup.isHere(server.addr) }
    const ourselves: ProcessRef = { pid: process.pid, comm: 'socktrace', attribution: 'procfs' }
    const mend = grantHint(['cap_perfmon', 'cap_bpf', 'cap_dac_read_search'])
    const finding = judge({
      ...ends,
      now: at,
      ended: final,
      ...(!final && { finishing: true }),
      result: { error },
      here,
      process: { watched: true, client: ourselves },
      wire: { watched: false, why: this.#why },
      socket: this.#lookup.sockets({ ...ends, netns: {}, here }),
      kernel: { watched: false, why: `its events are for the privileged; ${mend}` },
    })
    return finding && { type: 'verdict', at, ...ends, process: { client: ourselves }, final, ...finding }
  }

  close(): void {
    this.#lookup.close()
  }
}
