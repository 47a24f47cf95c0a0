import { Pump } from '../../src/cli/analysis/pump.ts'
import { type FedFlow, type FlowStreams, StreamFeed } from '../../src/cli/follow/feed.ts'
import { FlowTracker } from '../../src/flow/tracker.ts'
import { openCaptureFile } from '../../src/host/capture/capture-file.ts'
import type { OverlapPolicy } from '../../src/stream/overlap.ts'
import { FILE_OPTIONS } from './feed.ts'

/** What one side of a flow sent, and what was said about it. */
export interface FollowedSide {
  readonly parts: Buffer[]
  readonly remarks: string[]
}

export interface Followed {
  readonly flow: FedFlow
  readonly client: FollowedSide
  readonly server: FollowedSide
}

/** Every flow of a capture file with its reassembled bytes, in order of id. */
export async function followAll(path: string, policy: OverlapPolicy = 'first'): Promise<Followed[]> {
  const flows: Followed[] = []
  const byId = new Map<number, Followed>()
  const side = ({ flow, fromClient }: { flow: number; fromClient: boolean }): FollowedSide =>
    byId.get(flow)![fromClient ? 'client' : 'server']
  const streams: FlowStreams = {
    flow(flow) {
      const followed = { flow, client: { parts: [], remarks: [] }, server: { parts: [], remarks: [] } }
      flows.push(followed)
      byId.set(flow.id, followed)
    },
    data: (stream, _offset, bytes, start, length) =>
      side(stream).parts.push(Buffer.from(bytes.subarray(start, start + length))),
    gap: (stream, offset, length, reason) => side(stream).remarks.push(`gap ${offset}+${length} ${reason}`),
    truncated: (stream, offset, length) => side(stream).remarks.push(`truncated ${offset}+${length}`),
    overlap: (stream, offset, length, same) =>
      side(stream).remarks.push(`overlap ${offset}+${length} ${same ? 'same' : 'different'}`),
    late: (stream, offset, length) => side(stream).remarks.push(`late ${offset}+${length}`),
    stray: (stream, offset, length) => side(stream).remarks.push(`stray ${offset}+${length}`),
    ended() {},
    flush() {},
    close() {},
  }
  const source = openCaptureFile(path, {})
  const tracker = new FlowTracker(FILE_OPTIONS, { flow: (record) => feed.ended(record, true) })
  const feed = new StreamFeed(tracker, streams, { policy })
  const pump = new Pump({ source, tracker, sink: feed, before() {}, after() {} })
  await pump.run()
  tracker.finish()
  source.close()
  return flows
}
