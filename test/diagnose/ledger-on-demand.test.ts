import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelLedger } from '../../src/diagnose/kernel-ledger.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelEnd, StateFact } from '../../src/kernel/fact.ts'

const SECOND = 1e9
const client: KernelEnd = { addr: '192.0.2.1', port: 40_000 }
const server: KernelEnd = { addr: '192.0.2.2', port: 80 }

/** A ledger that is told of a connection only when it asks; it was closed at 2 s. */
function ledger(): KernelLedger {
  let isTold = false
  const made: KernelLedger = new KernelLedger({
    netns: null,
    has: () => true,
    recall() {
      if (isTold) return
      isTold = true
      for (const [from, to, at] of [
        ['SYN_SENT', 'ESTABLISHED', 1],
        ['ESTABLISHED', 'CLOSE', 2],
      ] as const) {
        const fact: StateFact = {
          ...{ fact: 'state', at: at * SECOND, netns: null, proto: 'tcp', socket: 1 },
          ...{ local: client, remote: server, from, to },
        }
        made.take(fact, (at * SECOND) as Nanos)
      }
    },
  })
  return made
}

test('what the kernel told is asked for', () => {
  const made = ledger()
  made.expire((5 * SECOND) as Nanos)
  assert.equal(made.find('tcp', server, client)?.isClosed, true)
})

test('of a connection that was over for long it says no more than if it had been told at once', () => {
  const made = ledger()
  made.expire((13 * SECOND) as Nanos)
  assert.equal(made.find('tcp', client, server), undefined)
})

test('who dialled is not who dialled before from a socket at the same address, though that is told later', () => {
  const made = new KernelLedger()
  const tell = (at: number, from: string, to: string, port: number, pid?: number): void => {
    const fact: StateFact = {
      ...{ fact: 'state', at: at * SECOND, netns: null, proto: 'tcp', socket: 1, from, to },
      ...{ local: { ...client, port }, remote: server, ...(pid !== undefined && { pid }) },
    }
    made.take(fact, (at * SECOND) as Nanos)
  }
  tell(5, 'CLOSE', 'SYN_SENT', client.port, 222)
  tell(1, 'CLOSE', 'SYN_SENT', 0, 111)
  tell(6, 'SYN_SENT', 'CLOSE', client.port)
  assert.equal(made.find('tcp', client, server)?.dialler?.pid, 222)
})
