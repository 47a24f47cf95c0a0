import { basename } from 'node:path'
import { isatty } from 'node:tty'
import { PacketBatch } from '../../capture/batch.ts'
import { END, type PacketSource } from '../../capture/source.ts'
import { NANOS_PER_MS } from '../../flow/time.ts'
import { LiveApp } from '../../live/app.ts'
import { Playback } from '../../live/playback.ts'
import { hasUnicode } from '../../live/spans.ts'
import { createStyle, wantsColor } from '../../render/style.ts'
import { UserError } from '../../user-error.ts'
import { Analysis } from '../analysis/analysis.ts'
import type { Io } from '../io.ts'
import { keptBy } from '../kept-privileges.ts'
import type { ReadOptions } from '../read.ts'
import { onSignals } from '../signals.ts'
import { LiveScreenView } from '../trace/screen-view.ts'
import { PacedSource } from './paced-source.ts'
import { damagesOf, openInputs } from './run.ts'

const IGNORE = (): void => {}

/**
 * `read --live`: capture files in the live view, their time under the user's control. Everything up to that time is
 * analysed; to go back, the files are read again from their beginning.
 */
export async function runReplay(paths: readonly string[], options: ReadOptions, io: Io): Promise<void> {
  checkTerminal(paths, io)
  const open = async (): Promise<PacketSource> => (await openInputs(paths, options, IGNORE)).source
  const { source: whole, files } = await openInputs(paths, options, IGNORE)
  const { first, last } = await spanOf(whole)
  const damages = damagesOf(files)
  await keepOnlyFiles()
  const name = paths.length === 1 ? basename(paths[0]!) : `${paths.length} files`
  const playback = new Playback(name, first, last, () => performance.now())
  let quitting = false
  let wake = IGNORE
  const stop = (): void => {
    quitting = true
    wake()
  }
  const app = new LiveApp({
    style: createStyle(wantsColor({ choice: options.color, isTerminal: true, environment: io.env })),
    unicode: hasUnicode(io.env),
    timeFormat: options.timeFormat,
    quit: stop,
    playback,
    moved: () => wake(),
  })
  const forget = onSignals(stop, IGNORE)
  const screenIo: Io = { ...io, write: IGNORE, note: IGNORE, flush: IGNORE }
  try {
    app.start()
    for (const damage of damages) app.lack(damage)
    while (!quitting) {
      wake = IGNORE
      playback.restarted()
      app.restart()
      const source = new PacedSource(await open(), playback)
      wake = () => (quitting ? source.close() : source.wake())
      // The key that quits may have come while the files were opened.
      wake()
      await analyse(app, source, playback, options, screenIo)
      await new Promise<void>((resolve) => {
        wake = () => {
          if (playback.stepping) playback.stepped(last)
          if (quitting || playback.restarting) resolve()
        }
        wake()
      })
      source.close()
    }
  } finally {
    forget()
    app.close()
  }
  if (app.failure !== undefined) throw app.failure
  for (const damage of damages) io.note(`socktrace: ${damage}`)
}

async function analyse(
  app: LiveApp,
  source: PacedSource,
  playback: Playback,
  options: ReadOptions,
  io: Io,
): Promise<void> {
  let view: LiveScreenView | undefined
  let before = 0
  const analysis = new Analysis({
    source,
    options: { ...options, summary: true },
    io,
    views: [
      (parts) => {
        view = new LiveScreenView(app, parts)
        return view
      },
    ],
    before: () => {
      before = view!.happened
    },
    after: () => {
      if (playback.stepping && view!.happened > before)
        playback.stepped(source.originSeconds * 1000 + analysis.pump.totals.last / NANOS_PER_MS)
      app.touch()
    },
  })
  await analysis.run(() => false)
  app.touch()
}

/** Epoch milliseconds of the first and the last packet. */
async function spanOf(source: PacketSource): Promise<{ first: number; last: number }> {
  const batch = new PacketBatch()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (;;) {
    const read = await source.read(batch)
    if (read === END) break
    for (let row = 0; row < read; row++) {
      const time = batch.time[row]!
      if (time < first) first = time
      if (time > last) last = time
    }
  }
  source.close()
  if (last < first)
    throw new UserError('Cannot play what has no packets', { hint: 'name another file, or a wider --filter' })
  const origin = source.originSeconds * 1000
  return { first: origin + first / NANOS_PER_MS, last: origin + last / NANOS_PER_MS }
}

function checkTerminal(paths: readonly string[], io: Io): void {
  if (!io.isTerminal || !isatty(0) || io.env['TERM'] === 'dumb')
    throw new UserError('--live needs a terminal', { hint: 'leave --live out to get lines of text' })
  if (paths.includes('-'))
    throw new UserError('--live cannot go back in standard input', { hint: 'save it to a file first' })
}

/** Loaded only for root: calling the kernel costs start-up time. */
async function keepOnlyFiles(): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const { dropPrivileges } = await import('../../host/privileges.ts')
  dropPrivileges(keptBy('replay'))
}
