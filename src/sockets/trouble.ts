import { APP_STUCK_SECONDS, RETRANSMITTING_TIMES, ZERO_WINDOW_SECONDS } from './limits.ts'
import type { SocketRecord } from './socket.ts'

/** What is wrong with a socket, by the name of the verdict that it will come to, and a sentence about it. */
export interface Trouble {
  readonly verdict:
    | 'timeout.no-answer'
    | 'timeout.handshake-stuck'
    | 'timeout.accept-queue'
    | 'timeout.syn-queue'
    | 'stalled.zero-window'
    | 'stalled.retransmitting'
    | 'closed.app-stuck'
  /** Without a full stop. */
  readonly text: string
}

/**
 * What one look at a socket shows to be wrong; `undefined` for a sound one, and where it cannot be told. CLOSE_WAIT
 * needs `tcp` (tcp_info); the other times are sums of back-offs, as the kernel keeps no beginning.
 */
export function troubleOf(socket: SocketRecord): Trouble | undefined {
  if (socket.netid !== 'tcp') return undefined
  switch (socket.state) {
    case 'LISTEN':
      return fullQueue(socket)
    case 'SYN_SENT':
      return unanswered(
        socket,
        1,
        'timeout.no-answer',
        (again) => `its SYN was sent ${again} more, nothing came back`,
      )
    case 'SYN_RECV':
      return unanswered(
        socket,
        1,
        'timeout.handshake-stuck',
        (again) => `its SYN+ACK was sent ${again} more, the last ACK of the handshake is missing`,
      )
    case 'CLOSE_WAIT':
      return notClosed(socket) ?? stalled(socket)
    case 'TIME_WAIT':
    case 'CLOSE':
      return undefined
    default:
      return stalled(socket)
  }
}

/** A queue of limit n takes n + 1 (sk_acceptq_is_full). */
function fullQueue({ listen }: SocketRecord): Trouble | undefined {
  if (listen === undefined) return undefined
  const { accept_queue: waiting, backlog, syn_queue: half = 0 } = listen
  if (waiting > backlog)
    return {
      verdict: 'timeout.accept-queue',
      text: `its accept queue is full (${waiting} wait, the limit is ${backlog}): the program does not accept`,
    }
  if (half > backlog)
    return {
      verdict: 'timeout.syn-queue',
      text: `its SYN queue is full (${half} half-open, the limit is ${backlog})`,
    }
  return undefined
}

function unanswered(
  { timer }: SocketRecord,
  least: number,
  verdict: Trouble['verdict'],
  text: (again: string) => string,
): Trouble | undefined {
  if (timer?.name !== 'on' || timer.retrans < least) return undefined
  return { verdict, text: text(timer.retrans === 1 ? 'once' : `${timer.retrans} times`) }
}

function stalled(socket: SocketRecord): Trouble | undefined {
  const { timer, send_q: unsent } = socket
  if (timer?.name === 'persist') {
    const waited = probedFor(socket)
    if (waited < ZERO_WINDOW_SECONDS * 1000) return undefined
    return {
      verdict: 'stalled.zero-window',
      text: `its peer's window has been closed for ${seconds(waited)} or more: that program does not read, ${bytes(unsent)} waiting`,
    }
  }
  return unanswered(
    socket,
    RETRANSMITTING_TIMES,
    'stalled.retransmitting',
    (again) => `the same data was sent ${again} more without an acknowledgement, ${bytes(unsent)} waiting`,
  )
}

/** Its peer closed, and neither side has sent anything since a minute: the FIN is at least as old. */
function notClosed({ tcp, recv_q: unread }: SocketRecord): Trouble | undefined {
  const sent = tcp?.['tcpi_last_data_sent']
  const heard = tcp?.['tcpi_last_ack_recv']
  if (sent === undefined || heard === undefined) return undefined
  const idle = Math.min(sent, heard)
  if (idle < APP_STUCK_SECONDS * 1000) return undefined
  // The FIN counts as one.
  const rest = unread > 1 ? `, with ${bytes(unread - 1)} unread` : ''
  return {
    verdict: 'closed.app-stuck',
    text: `its peer closed the connection ${seconds(idle)} ago or earlier, the program has not${rest}`,
  }
}

/**
 * How long window probes have been sent, ms: each waits twice as long as the one before (tcp_probe0_when). Without
 * tcp_info the wait for the next one is all that is known, which is less than all before it together.
 */
function probedFor({ tcp, timer }: SocketRecord): number {
  const rto = tcp?.['tcpi_rto']
  const backoff = tcp?.['tcpi_backoff']
  if (rto === undefined || backoff === undefined) return timer?.expires_ms ?? 0
  return (rto / 1000) * (2 ** backoff - 1)
}

function seconds(milliseconds: number): string {
  return `${Math.floor(milliseconds / 1000)} s`
}

function bytes(count: number): string {
  return count === 1 ? '1 byte' : `${count} bytes`
}
