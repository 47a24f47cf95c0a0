import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { FlowEvent } from '../../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../../flow/time.ts'
import { EXIT, UserError } from '../../user-error.ts'

/** One object of `trace --json`, as far as the demo looks into it. */
export type TracedObject =
  | {
      readonly type: 'event'
      readonly event: FlowEvent['event']
      readonly time: string
      readonly src: { readonly addr: string }
    }
  | { readonly type: 'flow' | 'summary' | 'error' }

/** What `trace` says on stderr once nothing can be missed any more. */
const READY = 'listening on '

/** A running `socktrace trace --json`, line by line. */
export class Tracer {
  /** Rejects when the trace ends before `stop` was called, with what it complained about. */
  readonly failed: Promise<never>
  readonly #process: ChildProcess
  readonly #ready: Promise<void>
  #complaint = ''
  #stopping = false

  constructor(process: ChildProcess, onObject: (object: TracedObject, line: string) => void) {
    this.#process = process
    this.#ready = new Promise((resolve) => {
      process.stderr!.on('data', (data: Buffer) => {
        this.#complaint += data.toString()
        if (this.#complaint.includes(READY)) resolve()
      })
    })
    this.failed = new Promise((_, reject) => {
      process.once('close', () => {
        if (!this.#stopping) reject(this.#failure())
      })
    })
    // It may fail when nobody waits: on the way out.
    this.failed.catch(() => {})
    createInterface({ input: process.stdout! }).on('line', (line) => {
      onObject(JSON.parse(line) as TracedObject, line)
    })
  }

  /** Resolves once no packet and no process can be missed. */
  async ready(): Promise<void> {
    await Promise.race([this.#ready, this.failed])
  }

  /** As Ctrl-C does; resolves when everything it had to say has come. */
  async stop(): Promise<void> {
    this.#stopping = true
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGINT')
    await closed
  }

  #failure(): UserError {
    const [line = 'it said nothing'] = this.#complaint.split('\n').filter((text) => !text.startsWith(READY))
    const message = `Cannot go on: \`socktrace trace\` has ended: ${line}`
    return new UserError(message, { hint: 'see `socktrace doctor`', exitCode: EXIT.internal })
  }
}

/** An event of the JSON contract as the renderers take it: its time as nanoseconds since `originSeconds`. */
export function eventOf(line: string, originSeconds: number): FlowEvent {
  const { time, ts, ...rest } = JSON.parse(line) as FlowEvent & { time: string; ts: number }
  const seconds = Math.floor(Date.parse(time) / 1000)
  const nanos = Number(time.slice(time.indexOf('.') + 1, -1))
  return { ...rest, at: ((seconds - originSeconds) * NANOS_PER_SECOND + nanos) as Nanos }
}
