import { workerData } from 'node:worker_threads'
import type { PacketBatch } from '../../capture/batch.ts'
import { END, type PacketSource } from '../../capture/source.ts'
import { FlowTracker } from '../../flow/tracker.ts'
import { openCaptureFile } from '../../host/capture/capture-file.ts'
import { LINGER_FILE } from '../analysis/linger.ts'
import { Pump } from '../analysis/pump.ts'
import { Lead } from './lead.ts'
import type { HalfTask } from './other-half.ts'

// The program of the second thread: what it is for stands in other-half.ts.

const { fd, path, part, maxFlows, count, memory } = workerData as HalfTask
const lead = new Lead(memory)
const tracker = new FlowTracker(
  { protocols: 'tcp', linger: LINGER_FILE, maxFlows, names: () => undefined, framed: true, part },
  {},
)
const pump = new Pump({
  source: behind(openCaptureFile(path, { fd }), lead),
  tracker,
  before() {},
  after() {
    lead.flows = tracker.flowCount
  },
  ...(count === undefined ? {} : { count }),
})
await pump.run()

/** `source` as far as the other thread has read it. */
function behind(source: PacketSource, lead: Lead): PacketSource {
  let packets = 0
  let cut = false
  return {
    engine: source.engine,
    get interfaces() {
      return source.interfaces
    },
    get originSeconds() {
      return source.originSeconds
    },
    async read(batch: PacketBatch) {
      const read = cut ? END : await source.read(batch)
      if (read === END) return END
      const known = lead.wait(packets + read) - packets
      packets += known
      cut = known < read
      return known > 0 ? known : END
    },
    counters: () => source.counters(),
    close: () => source.close(),
  }
}
