import { setImmediate as turn } from 'node:timers/promises'
import { Budget } from '../../host/budget.ts'
import { boundMemory } from '../../host/memory.ts'
import { LiveApp } from '../../live/app.ts'
import { hasUnicode } from '../../live/spans.ts'
import { createStyle, wantsColor } from '../../render/style.ts'
import { EXIT, UserError } from '../../user-error.ts'
import type { Io } from '../io.ts'
import { onSignals } from '../signals.ts'
import type { TraceOptions } from '../trace.ts'

/**
 * Rings of a screen, MiB: larger ones would be most of the program's memory. Two thousand connections a second fill
 * 3 MB of the first and 2 of the other.
 */
const RING_MIB = 4
const KERNEL_RING_MIB = 2

/** A screen is not looked at more often, and each read has its fixed costs; verdicts wait for twice that. */
const BLOCK_MS = 40

/**
 * The full-screen view until the user leaves it. Without the privilege to capture, the sockets are still there, and
 * the screen says what is missing.
 */
export async function runLiveScreen(options: TraceOptions, io: Io): Promise<void> {
  let stop = (): void => {}
  let quitting = false
  const app = new LiveApp({
    style: createStyle(wantsColor({ choice: options.color, isTerminal: true, environment: io.env })),
    unicode: hasUnicode(io.env),
    timeFormat: options.timeFormat,
    quit: () => {
      quitting = true
      stop()
    },
  })
  let summary = ''
  const screenIo: Io = {
    ...io,
    // Only the summary is written: events and flows go to the screen.
    write: (text) => {
      summary += text
    },
    note: (text) => app.lack(text),
    flush: () => {},
  }
  boundMemory()
  // Before the terminal is taken: what ends the program from then on gives it back.
  const forget = onSignals(
    () => {
      quitting = true
      stop()
    },
    () => {},
  )
  try {
    app.start()
    // The sockets are on the screen: what opens the planes is loaded now.
    const [{ runLive }, { LiveScreenView }] = await Promise.all([
      import('./live-run.ts'),
      import('./screen-view.ts'),
    ])
    // Keys come first.
    await turn()
    try {
      await runLive('', { ...options, summary: true, bufferSize: RING_MIB }, screenIo, undefined, {
        views: [(parts) => new LiveScreenView(app, parts)],
        begin: (end) => {
          stop = end
          if (quitting) end()
        },
        kernel: ({ degraded, watched }) => app.kernel(Object.values(watched).some(Boolean), degraded),
        command: 'view',
        leavesSignals: true,
        blockMs: BLOCK_MS,
        kernelRingMib: KERNEL_RING_MIB,
        prepareMs: 0,
        // A storm of failures must not hold up keys: one is looked up in 5 to 15 ms.
        evidenceBudget: new Budget(0.04, 50),
        endsAtOnce: true,
      })
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode !== EXIT.privilege) throw error
      app.lack(
        `packets are not watched: ${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`,
        true,
      )
      if (!quitting) await socketsOnly(options.duration, (end) => (stop = end))
    }
  } finally {
    app.close()
    forget()
  }
  if (app.failure !== undefined) throw app.failure
  if (summary !== '') io.note(summary.trimEnd())
}

/** Until `stop` is called, or the end of `duration`. */
async function socketsOnly(duration: number | undefined, begin: (stop: () => void) => void): Promise<void> {
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  begin(stop)
  const timer = duration === undefined ? undefined : setTimeout(stop, duration)
  await stopped
  clearTimeout(timer)
}
