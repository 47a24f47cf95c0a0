import { exceedsScreen, page, pagerOf } from '../../host/pager.ts'
import type { Io } from '../io.ts'
import type { ListOptions } from '../list.ts'

/** Is a listing read by somebody at a terminal, who may want to page through it? */
export function wantsPager(options: ListOptions, io: Io): boolean {
  const { json, csv, watch, kill, quiet } = options
  if (!io.isTerminal || !options.pager || [json, csv, watch, kill, quiet].some(Boolean)) return false
  return pagerOf(io.env) !== undefined
}

/** Runs `write` and shows what it wrote: through the pager when it exceeds the screen. */
export async function paged(io: Io, write: (io: Io) => Promise<void>): Promise<void> {
  const parts: Uint8Array[] = []
  await write({
    ...io,
    write: (text) => void parts.push(Buffer.from(text)),
    writeBytes: (bytes) => void parts.push(Uint8Array.from(bytes)),
    flush: () => {},
  })
  const text = Buffer.concat(parts)
  if (exceedsScreen(text, io.rows) && page(text, pagerOf(io.env)!, io.env)) return
  io.writeBytes(text)
}
