import { FILE_PLANES } from '../../diagnose/planes.ts'
import { wantsStreams } from '../follow/option.ts'
import type { Io } from '../io.ts'
import type { AnalysisParts } from './analysis.ts'
import type { Selection } from './report.ts'

/** Whether events and flow records to which nothing is to be added can be lines of the engine's. */
export function takesLines(parts: AnalysisParts, { events, flows }: Selection): boolean {
  const { options, processes, views, planes = FILE_PLANES, source } = parts
  const isNamed = options.resolve === true && source.nameOf !== undefined
  // Nobody else takes them.
  const isAlone = views.length === 0 && processes === undefined && !wantsStreams(options)
  return options.json === true && (events || flows) && isAlone && !isNamed && !planes.kernel.watched
}

/** The same streams, where others gather lines for them: `handOver` brings those before anything else is written. */
export function orderedIo(io: Io, handOver: () => void): Io {
  return {
    ...io,
    write(text) {
      handOver()
      io.write(text)
    },
    writeBytes(bytes) {
      handOver()
      io.writeBytes(bytes)
    },
    note(text) {
      handOver()
      io.note(text)
    },
    flush() {
      handOver()
      io.flush()
    },
  }
}
