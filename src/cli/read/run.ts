import type { PacketSource } from '../../capture/source.ts'
import { type CaptureFile, isSameFile, openCaptureFile } from '../../host/capture/capture-file.ts'
import type { FileFilter } from '../../host/capture/file-filter.ts'
import { FreshMemory } from '../../host/fresh-memory.ts'
import { UserError } from '../../user-error.ts'
import { Analysis } from '../analysis/analysis.ts'
import { loadViews } from '../analysis/views.ts'
import type { Io } from '../io.ts'
import { keptBy } from '../kept-privileges.ts'
import type { ReadOptions } from '../read.ts'
import { onSignals } from '../signals.ts'

/** Memory for the chunks of all files together, and for each of very many. */
const CHUNKS_BYTES = 32 * 1024 * 1024
const LEAST_CHUNK_BYTES = 64 * 1024
const MOST_CHUNK_BYTES = 4 * 1024 * 1024

/** What is read, and what it is read from. */
export interface Inputs {
  readonly source: PacketSource & { wake(): void }
  readonly files: readonly CaptureFile[]
}

export async function openInputs(
  paths: readonly string[],
  { filter: expression, followFile, resolve }: ReadOptions,
  waiting: () => void,
): Promise<Inputs> {
  const [only] = paths
  const filter = expression === undefined ? undefined : await fileFilter(expression)
  const common = { follow: followFile === true, names: resolve === true, waiting }
  if (only !== undefined && paths.length === 1) {
    const file = openCaptureFile(only, filter === undefined ? common : { ...common, filter })
    return { source: file, files: [file] }
  }
  if (followFile)
    throw new UserError('Cannot follow several files at once', { hint: 'name the one that is written' })
  if (paths.filter((path) => path === '-').length > 1)
    throw new UserError('Cannot read standard input twice', { hint: 'name `-` once' })
  const share = Math.floor(CHUNKS_BYTES / paths.length)
  const chunkBytes = Math.min(MOST_CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, share))
  const files = paths.map((path) => openCaptureFile(path, { ...common, chunkBytes }))
  const { MergedFiles } = await import('../../host/capture/merged-files.ts')
  return { source: new MergedFiles(files, filter), files }
}

/**
 * Analyses files. What cannot be read to its end is analysed as far as it goes, with a warning at last.
 * `opened` is called once no file is opened any more.
 */
export async function runRead(
  paths: readonly string[],
  options: ReadOptions,
  io: Io,
  opened: () => Promise<void> = giveUpEverything,
): Promise<void> {
  const views = await loadViews(options)
  const isReaderGone = options.followFile ? await watchReader() : () => false
  const { source, files } = await openInputs(paths, options, () => {
    // What is known so far is shown before a writer is waited for.
    analysis.flush()
    if (isReaderGone()) stop()
  })
  refuseToOverwrite(paths, options.write)
  const analysis = new Analysis({ source, options, io, views, after: () => memory.look() })
  const memory = new FreshMemory(analysis.tracker.engine)
  const stop = (): void => {
    analysis.pump.stop()
    source.wake()
  }
  const forget = onSignals(stop, () => analysis.status())
  const timer = options.duration && setTimeout(stop, options.duration)
  await opened()
  try {
    await analysis.run(() => files.some(({ truncated }) => truncated !== undefined))
  } finally {
    if (timer) clearTimeout(timer)
    forget()
    source.close()
    memory.close()
  }
  for (const damage of damagesOf(files)) io.note(`socktrace: ${damage}`)
}

/** What could not be read of files that were read to their end. */
export function damagesOf(files: readonly CaptureFile[]): readonly string[] {
  return files.flatMap(({ name, truncated }) => {
    if (truncated === undefined) return []
    const which = files.length === 1 ? '' : `${name} is `
    const { offset, message } = truncated
    return `${which}damaged at byte ${offset}: ${message}; everything before was analysed`
  })
}

/** Loaded only when asked for: libpcap compiles it, and `read` has to work where it is not. */
async function fileFilter(expression: string): Promise<FileFilter> {
  const { FileFilter } = await import('../../host/capture/file-filter.ts')
  return new FileFilter(expression)
}

/** Whether nobody reads our output any more. Loaded only to follow a file: calling the kernel costs start-up time. */
async function watchReader(): Promise<() => boolean> {
  if (process.platform !== 'linux') return () => false
  const { ReaderWatch } = await import('../../host/reader-gone.ts')
  const reader = new ReaderWatch(1)
  return () => reader.isGone()
}

/** Creating the output would empty an input before it is read. */
function refuseToOverwrite(paths: readonly string[], write: string | undefined): void {
  if (write !== undefined && paths.some((path) => isSameFile(path, write)))
    throw new UserError(`Cannot write ${JSON.stringify(write)}: it is being read`, {
      hint: 'write to another file',
    })
}

/** A file needs no privilege once it is open. Loaded only for root: calling the kernel costs start-up time. */
async function giveUpEverything(): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const { dropPrivileges } = await import('../../host/privileges.ts')
  dropPrivileges(keptBy('read'))
}
