import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { troubleOf } from '../../src/sockets/trouble.ts'
import { tcpSocket } from '../support/socket-fixtures.ts'

const socket = (state: SocketRecord['state'], more: Partial<SocketRecord> = {}): SocketRecord =>
  tcpSocket({ state, ...more })

const timer = (name: string, retrans: number, expires_ms = 0): Partial<SocketRecord> => ({
  timer: { name, retrans, expires_ms },
})
const listen = (accept_queue: number, backlog: number, syn_queue = 0): Partial<SocketRecord> => ({
  listen: { accept_queue, backlog, syn_queue },
})
const tcp = (values: Record<string, number>): Partial<SocketRecord> => ({
  tcp: Object.fromEntries(Object.entries(values).map(([name, value]) => [`tcpi_${name}`, value])),
})

test('sockets in trouble, and their near misses', () => {
  const cases: readonly (readonly [SocketRecord, string | undefined])[] = [
    [socket('SYN_SENT', timer('on', 0)), undefined],
    [socket('SYN_SENT', timer('on', 1)), 'timeout.no-answer its SYN was sent once more, nothing came back'],
    [
      socket('SYN_SENT', timer('on', 3)),
      'timeout.no-answer its SYN was sent 3 times more, nothing came back',
    ],
    [
      socket('SYN_RECV', timer('on', 2)),
      'timeout.handshake-stuck its SYN+ACK was sent 2 times more, the last ACK of the handshake is missing',
    ],
    [socket('SYN_RECV'), undefined],
    [socket('LISTEN', listen(128, 128)), undefined],
    [
      socket('LISTEN', listen(129, 128)),
      'timeout.accept-queue its accept queue is full (129 wait, the limit is 128): the program does not accept',
    ],
    [
      socket('LISTEN', listen(0, 8, 9)),
      'timeout.syn-queue its SYN queue is full (9 half-open, the limit is 8)',
    ],
    [socket('ESTABLISHED', timer('on', 3)), undefined],
    [socket('ESTABLISHED', timer('keepalive', 9)), undefined],
    [
      socket('ESTABLISHED', { ...timer('on', 4), send_q: 100 }),
      'stalled.retransmitting the same data was sent 4 times more without an acknowledgement, 100 bytes waiting',
    ],
    [
      socket('LAST_ACK', { ...timer('on', 5), send_q: 1 }),
      'stalled.retransmitting the same data was sent 5 times more without an acknowledgement, 1 byte waiting',
    ],
    [socket('ESTABLISHED', { ...timer('persist', 0), ...tcp({ rto: 204_000, backoff: 4 }) }), undefined],
    [
      socket('ESTABLISHED', { ...timer('persist', 0), send_q: 7, ...tcp({ rto: 204_000, backoff: 5 }) }),
      "stalled.zero-window its peer's window has been closed for 6 s or more: that program does not read, 7 bytes waiting",
    ],
    [socket('ESTABLISHED', timer('persist', 3, 4900)), undefined],
    [
      socket('ESTABLISHED', timer('persist', 3, 5100)),
      "stalled.zero-window its peer's window has been closed for 5 s or more: that program does not read, 0 bytes waiting",
    ],
    [socket('CLOSE_WAIT'), undefined],
    [socket('CLOSE_WAIT', tcp({ last_data_sent: 90_000, last_ack_recv: 59_000 })), undefined],
    // It still answers a half-closed peer.
    [socket('CLOSE_WAIT', tcp({ last_data_sent: 10, last_ack_recv: 90_000 })), undefined],
    [
      socket('CLOSE_WAIT', { recv_q: 1, ...tcp({ last_data_sent: 90_000, last_ack_recv: 61_900 }) }),
      'closed.app-stuck its peer closed the connection 61 s ago or earlier, the program has not',
    ],
    [
      socket('CLOSE_WAIT', { recv_q: 20, ...tcp({ last_data_sent: 90_000, last_ack_recv: 60_000 }) }),
      'closed.app-stuck its peer closed the connection 60 s ago or earlier, the program has not, with 19 bytes unread',
    ],
    [socket('TIME_WAIT', timer('timewait', 9)), undefined],
    [socket('ESTABLISHED', { ...timer('on', 9), netid: 'mptcp' }), undefined],
  ]
  for (const [given, expected] of cases) {
    const found = troubleOf(given)
    assert.equal(found && `${found.verdict} ${found.text}`, expected)
  }
})
