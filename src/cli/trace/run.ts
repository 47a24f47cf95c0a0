import type { Io } from '../io.ts'
import type { TraceOptions } from '../trace.ts'
import { runLive } from './live-run.ts'

export async function runTrace(filter: string, options: TraceOptions, io: Io): Promise<void> {
  await runLive(filter, options, io)
}
