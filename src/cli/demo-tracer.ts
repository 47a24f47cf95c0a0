import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FlowEvent } from '../flow/event.ts'
import { NANOS_PER_SECOND, type Nanos } from '../flow/time.ts'
import { EXIT, UserError } from '../user-error.ts'

/** One object of `trace --json` as it came. */
export interface TracedObject {
  readonly type: string
  readonly time?: string
  readonly src?: { readonly addr: string }
}

const POLL_MS = 10

/** A running `socktrace trace --json`, line by line. */
export class Tracer {
  readonly #process: ChildProcess
  #complaint = ''

  constructor(process: ChildProcess, onObject: (object: TracedObject, line: string) => void) {
    this.#process = process
    process.stderr!.on('data', (data: Buffer) => {
      this.#complaint += data.toString()
    })
    createInterface({ input: process.stdout! }).on('line', (line) => {
      onObject(JSON.parse(line) as TracedObject, line)
    })
  }

  /** Resolves once its packet socket is bound: from then on no packet is missed. */
  async ready(signal: AbortSignal): Promise<void> {
    while (!hasBoundPacketSocket(this.#process.pid)) {
      if (this.#process.exitCode !== null)
        throw new UserError(`Cannot watch the demo: ${this.#complaint.trim()}`, {
          hint: 'see `socktrace doctor`',
          exitCode: EXIT.internal,
        })
      await sleep(POLL_MS, undefined, { signal })
    }
  }

  /** As Ctrl-C does; resolves when everything it had to say has come. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    this.#process.kill('SIGINT')
    await once(this.#process, 'close')
  }
}

/** Whether a capture is running in the network namespace of a process (column `R` of /proc/net/packet). */
function hasBoundPacketSocket(pid: number | undefined): boolean {
  try {
    const [, ...rows] = readFileSync(`/proc/${pid}/net/packet`, 'utf8').trim().split('\n')
    return rows.some((row) => row.trim().split(/\s+/)[5] === '1')
  } catch {
    return false
  }
}

/** An event of the JSON contract as the renderers take it: its time as nanoseconds since `originSeconds`. */
export function eventOf(line: string, originSeconds: number): FlowEvent {
  const { time, ts, ...rest } = JSON.parse(line) as FlowEvent & { time: string; ts: number }
  const seconds = Math.floor(Date.parse(time) / 1000)
  const nanos = Number(time.slice(time.indexOf('.') + 1, -1))
  return { ...rest, at: ((seconds - originSeconds) * NANOS_PER_SECOND + nanos) as Nanos }
}
