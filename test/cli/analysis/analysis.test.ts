import assert from 'node:assert/strict'
import { test } from 'node:test'
import { END } from '../../../src/capture/source.ts'
import { Analysis } from '../../../src/cli/analysis/analysis.ts'
import type { Io } from '../../../src/cli/io.ts'
import { FILE_PLANES } from '../../../src/diagnose/planes.ts'
import { NO_FLOW } from '../../../src/flow/flow-id.ts'
import type { Nanos } from '../../../src/flow/time.ts'
import type { KernelFact } from '../../../src/kernel/fact.ts'

const NETNS = 4026531840
const io: Io = {
  isTerminal: false,
  columns: 80,
  rows: 24,
  env: {},
  write: () => {},
  writeBytes: () => {},
  note: () => {},
  flush: () => {},
}

/** How often the flow of one drop is asked for, with what is printed chosen so. */
function asks(selection: {
  readonly events?: true
  readonly flows?: true
  readonly failures?: true
}): number {
  const { docket, tracker } = new Analysis({
    source: {
      engine: 'none',
      interfaces: [],
      originSeconds: 1,
      read: async () => END,
      counters: () => ({ received: 0, droppedKernel: undefined, droppedInterface: undefined }),
      close: () => {},
    },
    options: { ...selection, color: 'never', timeFormat: 'utc', proto: 'all', maxFlows: 16 },
    io,
    views: [],
    planes: { ...FILE_PLANES, netns: NETNS, kernel: { watched: true } },
  })
  let finds = 0
  tracker.find = () => {
    finds++
    return NO_FLOW
  }
  const drop: KernelFact = {
    fact: 'drop',
    at: 0,
    netns: NETNS,
    proto: 'tcp',
    src: { addr: '10.0.0.1', port: 40000 },
    dst: { addr: '10.0.0.2', port: 80 },
    flags: 16,
    icmp: false,
    reason: 'NETFILTER_DROP',
    location: null,
  }
  docket!.fact(drop, 1e9 as Nanos)
  docket!.tellDrops(2e9 as Nanos)
  return finds
}

test('drops are kept to be told only where somebody takes events', () => {
  assert.deepEqual(
    [{}, { events: true }, { flows: true }, { failures: true }].map((selection) => asks(selection as object)),
    [1, 1, 0, 0],
  )
})
