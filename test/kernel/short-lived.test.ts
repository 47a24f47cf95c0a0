import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bucketOf } from '../../src/kernel/bucket.ts'
import { ChangeLog } from '../../src/kernel/change-log.ts'
import { ShortLived } from '../../src/kernel/short-lived.ts'
import { LogWriter } from './log-writer.ts'

const [ESTABLISHED, SYN_SENT, LAST_ACK, CLOSE] = [1, 2, 9, 7] as const
/** Two that share a bucket, and one that does not. */
const SOCKETS = [64, other(64), 128] as const

function other(socket: number): number {
  let found = socket + 64
  while (bucketOf(found) !== bucketOf(socket)) found += 64
  return found
}

test('of connections that are over nothing is given, of all others all, and never an end without its beginning', () => {
  const step = fc.record({
    socket: fc.constantFrom(...SOCKETS),
    // The child of a listener has no connect() here.
    what: fc.constantFrom('go on', 'child', 'read', 'pass'),
  })
  const writer = new LogWriter()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = new ChangeLog(writer.memory)
      log.position = writer.count
      const shortLived = new ShortLived()
      const given = new Set<number>()
      const give = (offset: number): void => {
        given.add(writer.numberAt(offset))
      }
      /** Entries of the connection that a socket has, and of all that were begun. */
      const open = new Map<number, number[]>()
      const begun: number[][] = []
      for (const { socket, what } of steps) {
        const own = open.get(socket)
        if (what === 'read') {
          while (log.look(writer.count)) {
            log.position++
            shortLived.given(log)
            give(log.offset)
          }
        } else if (what === 'pass') shortLived.pass(log, writer.count, give)
        else if (what === 'child') {
          // Its address is no other's while it lives: it comes and goes between two connections of that socket.
          if (own === undefined) writer.write({ socket, from: LAST_ACK, to: CLOSE })
        } else if (own === undefined) {
          const entries = [writer.count]
          open.set(socket, entries)
          begun.push(entries)
          writer.write({ socket, from: CLOSE, to: SYN_SENT })
        } else {
          own.push(writer.count)
          const isOver = own.length === 3
          writer.write({ socket, from: isOver ? LAST_ACK : SYN_SENT, to: isOver ? CLOSE : ESTABLISHED })
          if (isOver) open.delete(socket)
        }
      }
      shortLived.pass(log, writer.count, give)
      assert.equal(log.position, writer.count)
      for (const entries of begun) {
        const told = entries.filter((number) => given.has(number)).length
        assert.ok(told === entries.length || (told === 0 && entries.length === 3), `${told} of ${entries}`)
      }
    }),
    { numRuns: 300 },
  )
})
