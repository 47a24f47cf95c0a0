import { findNetns, insideNetns } from '../../host/netns.ts'
import { readCounters } from '../../host/sockets/counters.ts'
import { renderCounters } from '../../render/counters.ts'
import { jsonLine } from '../../render/json-text.ts'
import { sanitize } from '../../render/sanitize.ts'
import type { Stamp } from '../../render/time.ts'
import { type CountersRecord, withRates } from '../../sockets/counters.ts'
import type { Io } from '../io.ts'
import type { ListOptions } from '../list.ts'
import { styleOf, widthOf } from './show.ts'
import { intervalOf, repeat, textHead } from './watch.ts'

/** `list -s`: one summary for each namespace; with `--watch` again and again, the counters that moved as rates. */
export async function runSummary(options: ListOptions, io: Io, stamp: () => Stamp): Promise<void> {
  const before = new Map<number | null, { record: CountersRecord; at: number }>()
  const frame = (): void => {
    for (const namespace of options.netns === undefined ? [undefined] : findNetns(options.netns)) {
      const record = namespace === undefined ? readCounters() : insideNetns(namespace, readCounters)
      const at = performance.now()
      const earlier = before.get(record.netns)
      before.set(record.netns, { record, at })
      const { type, ...rest } =
        earlier === undefined ? record : withRates(record, earlier.record, (at - earlier.at) / 1000)
      if (options.json) io.write(jsonLine({ type, ...stamp(), ...rest }))
      else {
        if (options.netns === 'all')
          io.write(`Network namespace ${record.netns} (${sanitize(namespace!.path)})\n`)
        io.write(renderCounters({ type, ...rest }, styleOf(options, io), widthOf(options, io)))
      }
    }
    io.flush()
  }
  if (options.watch === undefined) return frame()
  const intervalMs = intervalOf(options.watch)
  await repeat({ intervalMs, count: options.count }, (number) => {
    if (!options.json) io.write(textHead('counters', number, io.isTerminal, stamp()))
    frame()
  })
}
