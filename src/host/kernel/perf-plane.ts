import { EventFacts } from '../../kernel/event-fact.ts'
import type { KernelFact } from '../../kernel/fact.ts'
import { ProcessNames } from '../../kernel/process-names.ts'
import {
  RECORD_COMM,
  RECORD_EXIT,
  RECORD_FORK,
  RECORD_LOST,
  RECORD_SAMPLE,
  type RecordCursor,
} from '../../kernel/trace-event.ts'
import type { Transitions } from '../../kernel/transitions.ts'
import { errnoName } from '../libc.ts'
import { listPids, readComm } from '../process/procfs.ts'
import type { KernelPlane, PlaneRequest, Watched } from './kernel-plane.ts'
import type { TracepointRequest } from './perf-ring.ts'
import { Tracefs } from './tracefs.ts'
import { Tracepoints } from './tracepoints.ts'

/** What is asked for, what it stands for, and what is lost without it. */
const EVENTS = [
  ['sock', 'inet_sock_set_state', 'state', 'state changes of sockets'],
  ['sock', 'inet_sk_error_report', 'error', 'errors of sockets'],
  ['tcp', 'tcp_send_reset', 'reset', 'resets sent'],
  ['tcp', 'tcp_receive_reset', 'reset', 'resets received'],
  ['tcp', 'tcp_retransmit_skb', 'retransmit', 'retransmissions'],
  ['tcp', 'tcp_retransmit_synack', 'retransmit', 'repeated SYN+ACKs'],
] as const

/**
 * Facts from the kernel's plain tracepoints, for want of BPF: no namespaces, no dropped packets (the record of a drop
 * has no addresses), no failed calls (theirs has not the address that was dialled).
 */
export class PerfPlane implements KernelPlane {
  readonly watched: Watched
  readonly degraded: string[]
  readonly mend: string | undefined
  readonly showsStates = false
  lost = 0
  readonly #tracepoints: Tracepoints
  readonly #events = new Map<number, EventFacts>()
  readonly #names = new ProcessNames()
  readonly #visit = (record: RecordCursor): void => this.#record(record)
  #give: (fact: KernelFact) => void = () => {}

  /** `lacks` says why BPF does not do it, with the mend. Throws what `Tracefs` and `Tracepoints` throw; nothing stays open then. */
  constructor({ transitions, waiter }: PlaneRequest, lacks: readonly string[], mend: string | undefined) {
    this.degraded = [...lacks]
    this.mend = mend
    const found = new Set<string>()
    const lacking = new Set<string>()
    const requests: TracepointRequest[] = []
    const tracefs = new Tracefs()
    try {
      for (const [group, event, what, text] of EVENTS) {
        const format = tracefs.format(group, event)
        if (format === undefined) {
          this.degraded.push(`${text} are not told: this kernel has no tracepoint ${group}:${event}`)
          lacking.add(what)
          continue
        }
        found.add(what)
        const context = { error: errnoName, comm: (pid: number) => this.#names.of(pid) }
        this.#events.set(format.id, new EventFacts(format, context))
        requests.push({ id: format.id, ...(what === 'state' && { filter: filterOf(transitions) }) })
      }
    } finally {
      tracefs.close()
    }
    const has = (what: string): boolean => found.has(what) && !lacking.has(what)
    this.watched = {
      state: has('state'),
      error: has('error'),
      reset: has('reset'),
      retransmit: has('retransmit'),
      call: false,
      drop: false,
    }
    this.#tracepoints = new Tracepoints(requests, waiter)
    this.#learnNames()
  }

  drain(give: (fact: KernelFact) => void): void {
    this.#give = give
    this.#tracepoints.drain(this.#visit)
  }

  close(): void {
    this.#tracepoints.close()
  }

  #record(record: RecordCursor): void {
    const { type } = record
    if (type === RECORD_SAMPLE) {
      const facts = this.#events.get(record.tracepoint)
      const fact = facts?.read(record.view, record.raw, record.rawLength, record.time, record.pid)
      if (fact !== undefined) this.#give(fact)
    } else if (type === RECORD_COMM) this.#names.comm(record.tid, Buffer.from(record.comm).toString('utf8'))
    else if (type === RECORD_FORK) this.#names.fork(record.pid, record.tid, record.parentTid)
    else if (type === RECORD_EXIT) this.#names.exit(record.pid, record.tid, record.time)
    else if (type === RECORD_LOST) this.#missed(record.lost)
  }

  /** Names may be stale: they are read anew. */
  #missed(records: number): void {
    this.lost += records
    this.#names.clear()
    this.#learnNames()
  }

  #learnNames(): void {
    for (const pid of listPids()) {
      const name = readComm(pid)
      if (name !== undefined) this.#names.learn(pid, name)
    }
  }
}

/** The same choice in the kernel's filter language (Documentation/trace/events.rst), of TCP alone. */
function filterOf(transitions: Transitions): string {
  const terms = [...transitions].map(([from, mask]) => {
    const states = Array.from({ length: 13 }, (_, to) => to).filter((to) => (mask & (1 << to)) !== 0)
    return `(oldstate==${from}&&(${states.map((to) => `newstate==${to}`).join('||')}))`
  })
  return `protocol==6&&(${terms.join('||')})`
}
