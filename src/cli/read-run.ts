import { openCaptureFile } from '../host/capture-file.ts'
import { Analysis } from './analysis.ts'
import type { Io } from './io.ts'
import type { ReadOptions } from './read.ts'
import { onSignals } from './signals.ts'

/** Analyses one file. What cannot be read to its end is analysed as far as it goes, with a warning at last. */
export async function runRead(path: string, options: ReadOptions, io: Io): Promise<void> {
  const { filter } = options
  const source = openCaptureFile(path, filter === undefined ? {} : { filter })
  const analysis = new Analysis({ source, options, io })
  const forget = onSignals(
    () => analysis.pump.stop(),
    () => analysis.summarize(false),
  )
  if (process.geteuid?.() === 0) await giveUpEverything()
  try {
    await analysis.run(() => source.truncated !== undefined)
  } finally {
    forget()
    source.close()
  }
  const { truncated } = source
  if (truncated !== undefined)
    io.note(
      `socktrace: damaged at byte ${truncated.offset}: ${truncated.message}; everything before was analysed`,
    )
}

/** A file needs no privilege once it is open. Loaded only for root: calling the kernel costs start-up time. */
async function giveUpEverything(): Promise<void> {
  const { dropPrivileges } = await import('../host/privileges.ts')
  dropPrivileges([])
}
