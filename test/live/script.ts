import type { Verdict } from '../../src/diagnose/verdict.ts'
import type { Endpoint, FlowEvent, Side, TcpState } from '../../src/flow/event.ts'
import type { Nanos } from '../../src/flow/time.ts'
import { readFilter } from '../../src/live/inspect.ts'
import { LiveModel } from '../../src/live/model/model.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'

/** 2026-01-02 03:04:05 UTC. */
export const ORIGIN = 1_767_323_045
export const ORIGIN_MS = ORIGIN * 1000

export function newModel(): LiveModel {
  const model = new LiveModel(readFilter, (addr) => addr.startsWith('127.') || addr === '10.0.0.1')
  model.originSeconds = ORIGIN
  return model
}

/** One connection's events, `ms` after the origin. */
export class Conversation {
  readonly #model: LiveModel
  readonly #flow: number
  readonly #ends: Record<Side, Endpoint>

  constructor(model: LiveModel, flow: number, client: Endpoint, server: Endpoint) {
    this.#model = model
    this.#flow = flow
    this.#ends = { client, server }
  }

  base(sender: Side, ms: number): object {
    const [src, dst] =
      sender === 'client' ? [this.#ends.client, this.#ends.server] : [this.#ends.server, this.#ends.client]
    const at = (ms * 1e6) as Nanos
    return { type: 'event', at, iface: 'lo', flow: this.#flow, proto: 'tcp', sender, src, dst }
  }

  segment(sender: Side, ms: number, flags: string, more: object): this {
    const event = {
      ...this.base(sender, ms),
      flags,
      seq: 1,
      ack: 1,
      len: 0,
      win: 65_535,
      text: 'text',
      ...more,
    }
    this.#model.event(event as unknown as FlowEvent)
    return this
  }

  syn(ms: number, process?: { pid: number; comm: string }): this {
    return this.segment('client', ms, 'S', {
      event: 'handshake',
      step: 1,
      of: 3,
      text: 'connect() sends SYN, client waits',
      options: { mss: 1460, window_scale: 7, sack_permitted: true, timestamps: true },
      transition: moved('client', 'CLOSED', 'SYN_SENT'),
      ...(process && { process: { ...process, attribution: 'tracepoint' } }),
    })
  }

  synAck(ms: number): this {
    return this.segment('server', ms, 'S.', {
      event: 'handshake',
      step: 2,
      of: 3,
      text: 'listener answers, connection in SYN queue',
      transition: moved('server', 'LISTEN', 'SYN_RECV'),
    })
  }

  ack(ms: number): this {
    return this.segment('client', ms, '.', {
      event: 'handshake',
      step: 3,
      of: 3,
      rtt_ms: 0.036,
      text: 'connect() returned, accept() can return; 0.036 ms',
      transition: moved('client', 'SYN_SENT', 'ESTABLISHED'),
    })
  }

  open(ms: number, process?: { pid: number; comm: string }): this {
    return this.syn(ms, process)
      .synAck(ms + 0.02)
      .ack(ms + 0.036)
  }

  fin(sender: Side, ms: number, step: 1 | 3, combined = false): this {
    const text = step === 1 ? 'client calls close()' : 'the other side closes too'
    return this.segment(sender, ms, 'F.', {
      event: 'close',
      step,
      of: 4,
      text,
      ...(combined && { combined }),
    })
  }

  finAck(sender: Side, ms: number, step: 2 | 4): this {
    return this.segment(sender, ms, '.', { event: 'close', step, of: 4, text: 'acknowledged' })
  }

  reset(sender: Side, ms: number): this {
    return this.segment(sender, ms, 'R.', { event: 'reset', text: 'connect() fails with ECONNREFUSED' })
  }

  synAgain(ms: number): this {
    return this.segment('client', ms, 'S', { event: 'retransmission', text: 'SYN again, no. 1, +1.0 s' })
  }

  payload(side: Side, bytes: number, ms: number): this {
    this.#model.payload(this.#flow, side, bytes, ms * 1e6, () => this.#ends)
    return this
  }
}

function moved(endpoint: Side, from: TcpState, to: TcpState): object {
  return { endpoint, from, to }
}

/** A socket as a listing has it. */
export function socket(
  given: Partial<SocketRecord> & Pick<SocketRecord, 'state' | 'local' | 'remote'>,
): SocketRecord {
  return {
    type: 'socket',
    netid: 'tcp',
    family: 'inet',
    recv_q: 0,
    send_q: 0,
    uid: 0,
    inode: 1,
    cookie: '1',
    netns: 1,
    processes: [],
    ...given,
  }
}

/** A listing of these sockets, by cookie. */
export function list(model: LiveModel, ms: number, records: readonly SocketRecord[], whole = true): void {
  const { book } = model
  book.beginListing()
  for (const record of records) book.put(Number(`0x${record.cookie}`), record, ORIGIN_MS + ms)
  book.endListing(ORIGIN_MS + ms, whole)
}

export const NGINX = [{ pid: 77, comm: 'nginx', fd: 6 }]
export const LISTENER: SocketRecord = socket({
  state: 'LISTEN',
  local: { addr: '127.0.0.1', port: 8088 },
  remote: { addr: '0.0.0.0', port: 0 },
  cookie: 'a',
  inode: 10,
  send_q: 128,
  listen: { accept_queue: 0, backlog: 128 },
  processes: NGINX,
})

export const REFUSED: Omit<Verdict, 'flow'> = {
  type: 'verdict',
  at: 3_100_000_000 as Nanos,
  proto: 'tcp',
  client: { addr: '127.0.0.2', port: 48_448 },
  server: { addr: '127.0.0.2', port: 8080 },
  final: true,
  verdict: 'refused.wrong-address',
  error: 'ECONNREFUSED',
  confidence: 'certain',
  summary: 'nginx[77] listens on port 8080, but only on 127.0.0.1; this connection went to 127.0.0.2',
  evidence: [
    { plane: 'wire', status: 'seen', detail: 'SYN answered by RST,ACK after 0.04 ms' },
    { plane: 'socket', status: 'seen', detail: 'LISTEN 127.0.0.1:8080' },
    { plane: 'process', status: 'seen', detail: 'nginx[77]; curl[4021] from bash[3990]' },
    { plane: 'kernel', status: 'not_watched', detail: 'needs CAP_PERFMON' },
  ],
  advice: ['connect to 127.0.0.1:8080, or let it listen on every address'],
}

/** A machine in the middle of its work: what golden screens show. */
export function scene(): LiveModel {
  const model = newModel()
  const at = (addr: string, port: number): Endpoint => ({ addr, port })
  model.facts.engine = 'engine ring'
  model.facts.planes = [
    { name: 'wire', watched: true },
    { name: 'socket', watched: true },
    { name: 'process', watched: true },
    { name: 'kernel', watched: false },
  ]
  list(model, 0, [
    LISTENER,
    socket({
      state: 'ESTABLISHED',
      local: at('10.0.0.1', 22),
      remote: at('10.0.0.9', 51_000),
      cookie: 'b',
      inode: 11,
      send_q: 36,
      processes: [{ pid: 900, comm: 'sshd', fd: 4 }],
    }),
    socket({
      netid: 'udp',
      family: 'inet6',
      state: 'UNCONN',
      local: at('2001:db8:85a3:8d3:1319:8a2e:370:7348', 53),
      remote: at('::', 0),
      cookie: 'c',
      inode: 12,
      processes: [{ pid: 5, comm: 'résolveur\u001b[2J', fd: 3 }],
    }),
  ])
  const curl = { pid: 4021, comm: 'curl' }
  new Conversation(model, 0, at('127.0.0.1', 48_000), at('127.0.0.1', 8088))
    .open(1000, curl)
    .payload('client', 78, 1001)
    .payload('server', 5120, 1002)
    .fin('client', 1300, 1)
    .fin('server', 1301, 3, true)
    .finAck('client', 1302, 4)
  new Conversation(model, 1, at('127.0.0.1', 48_002), at('127.0.0.1', 8088)).open(2000, curl)
  new Conversation(model, 2, at('10.0.0.1', 40_000), at('192.0.2.7', 443)).syn(2500).synAgain(3500)
  new Conversation(model, 3, at('127.0.0.2', 48_448), at('127.0.0.2', 8080))
    .syn(3000, curl)
    .reset('server', 3000.04)
  model.verdict({ ...REFUSED, flow: 3 })
  list(model, 4000, [
    LISTENER,
    socket({
      state: 'CLOSE_WAIT',
      local: at('10.0.0.1', 22),
      remote: at('10.0.0.9', 51_000),
      cookie: 'b',
      inode: 11,
      processes: [{ pid: 900, comm: 'sshd', fd: 4 }],
    }),
    socket({
      state: 'ESTABLISHED',
      local: at('127.0.0.1', 48_002),
      remote: at('127.0.0.1', 8088),
      cookie: 'd',
      inode: 13,
      processes: [{ pid: 4021, comm: 'curl', fd: 5 }],
    }),
    socket({
      state: 'ESTABLISHED',
      local: at('127.0.0.1', 8088),
      remote: at('127.0.0.1', 48_002),
      cookie: 'e',
      inode: 14,
      processes: NGINX,
    }),
  ])
  model.arrange()
  return model
}
