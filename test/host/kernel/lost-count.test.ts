import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { openKernelPlane } from '../../../src/host/kernel/kernel-plane.ts'
import { rootTest } from '../../support/root.ts'

/** One page. */
const SMALL_RING_MIB = 1 / 256

rootTest('records that are lost are counted when the plane is drained, not between', async () => {
  const want = { drops: false, onDemand: true } as const
  const plane = openKernelPlane({ engine: 'bpf', ringMib: SMALL_RING_MIB, want })
  try {
    assert.equal(plane.watched.state, true, plane.degraded.join('\n'))
    plane.drain(() => {})
    const before = plane.lost
    for (let n = 0; n < 60; n++) {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
    }
    assert.equal(plane.lost, before)
    plane.drain(() => {})
    assert.ok(plane.lost > before)
  } finally {
    plane.close()
  }
})
