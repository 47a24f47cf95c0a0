import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOSED_MS } from '../../../src/live/model/book.ts'
import type { LiveModel } from '../../../src/live/model/model.ts'
import { nextRetransmission, type Row, stateOf } from '../../../src/live/model/row.ts'
import { Conversation, LISTENER, list, NGINX, newModel, ORIGIN_MS, REFUSED, socket } from '../script.ts'

const CLIENT = { addr: '127.0.0.1', port: 48_000 }
const SERVER = { addr: '127.0.0.1', port: 8088 }
const CLIENT_SOCKET = socket({ state: 'ESTABLISHED', local: CLIENT, remote: SERVER, cookie: '1' })
const SERVER_SOCKET = socket({
  state: 'ESTABLISHED',
  local: SERVER,
  remote: CLIENT,
  cookie: '2',
  processes: NGINX,
})

function rows(model: LiveModel): Row[] {
  return [...model.book.rows.values()]
}

function states(model: LiveModel): string[] {
  return rows(model).map(
    (row) => `${row.record.local.port} ${row.closed === undefined ? stateOf(row) : 'gone'}`,
  )
}

test('a connection is one row at first, and one for each end once both sockets are listed', () => {
  const model = newModel()
  new Conversation(model, 0, CLIENT, SERVER).open(0, { pid: 5, comm: 'curl' })
  assert.deepEqual(states(model), ['48000 ESTABLISHED'])
  assert.equal(rows(model)[0]!.record.processes[0]!.comm, 'curl')
  list(model, 1, [SERVER_SOCKET, CLIENT_SOCKET])
  assert.deepEqual(states(model), ['48000 ESTABLISHED', '8088 ESTABLISHED'])
  assert.deepEqual(
    rows(model).map(({ side, card }) => [side, card?.id]),
    [
      ['client', 0],
      ['server', 0],
    ],
  )
})

test('sockets that were listed first get the flow that is seen later', () => {
  const model = newModel()
  list(model, 0, [SERVER_SOCKET, CLIENT_SOCKET])
  new Conversation(model, 0, CLIENT, SERVER).payload('client', 10, 1)
  assert.equal(rows(model).length, 2)
  for (const { card } of rows(model)) assert.equal(card?.bytes.client, 10)
})

test('a remote client of a server here is a row of the server', () => {
  const model = newModel()
  new Conversation(model, 0, { addr: '192.0.2.1', port: 5 }, { addr: '10.0.0.1', port: 80 }).open(0)
  assert.deepEqual(
    rows(model).map(({ side, record }) => [side, record.local.port, record.remote.port]),
    [['server', 80, 5]],
  )
})

test('an IPv6 socket that speaks IPv4 is the same connection', () => {
  const model = newModel()
  new Conversation(model, 0, CLIENT, SERVER).open(0)
  const mapped = { addr: '::ffff:127.0.0.1', port: CLIENT.port }
  list(model, 1, [
    { ...CLIENT_SOCKET, family: 'inet6', local: mapped, remote: { ...SERVER, addr: '::ffff:127.0.0.1' } },
  ])
  assert.equal(rows(model).length, 1)
})

test('TIME_WAIT has a new cookie and goes on with the row of its connection', () => {
  const model = newModel()
  list(model, 0, [CLIENT_SOCKET])
  list(model, 1, [{ ...CLIENT_SOCKET, state: 'TIME_WAIT', cookie: '99', inode: 0 }])
  assert.deepEqual(states(model), ['48000 TIME_WAIT'])
})

test('a socket that is gone stays for a while, then goes too', () => {
  const model = newModel()
  list(model, 0, [CLIENT_SOCKET, LISTENER])
  list(model, 1000, [LISTENER])
  assert.deepEqual(states(model), ['48000 gone', '8088 LISTEN'])
  model.book.expire(ORIGIN_MS + 1000 + CLOSED_MS - 1)
  assert.equal(rows(model).length, 2)
  model.book.expire(ORIGIN_MS + 1000 + CLOSED_MS)
  assert.deepEqual(states(model), ['8088 LISTEN'])
})

test('a listing that may lack sockets closes none', () => {
  const model = newModel()
  list(model, 0, [CLIENT_SOCKET])
  list(model, 1, [], false)
  assert.deepEqual(states(model), ['48000 ESTABLISHED'])
})

test('the same ends again are a new row; the old one stays closed', () => {
  const model = newModel()
  list(model, 0, [CLIENT_SOCKET])
  list(model, 1, [])
  list(model, 2, [{ ...CLIENT_SOCKET, cookie: '77' }])
  assert.deepEqual(states(model), ['48000 gone', '48000 ESTABLISHED'])
})

test('packets tell a later state than the latest listing', () => {
  const model = newModel()
  list(model, 0, [CLIENT_SOCKET])
  new Conversation(model, 0, CLIENT, SERVER).segment('client', 5, 'F.', {
    event: 'close',
    step: 1,
    of: 4,
    transition: { endpoint: 'client', from: 'ESTABLISHED', to: 'FIN_WAIT1' },
  })
  assert.deepEqual(states(model), ['48000 FIN_WAIT1'])
  list(model, 10, [{ ...CLIENT_SOCKET, state: 'FIN_WAIT2' }])
  assert.deepEqual(states(model), ['48000 FIN_WAIT2'])
})

test('owners that the listing lacks are kept from before, and come from the events', () => {
  const model = newModel()
  list(model, 0, [{ ...CLIENT_SOCKET, processes: NGINX }])
  list(model, 1, [{ ...CLIENT_SOCKET, state: 'CLOSE_WAIT', processes: [] }])
  assert.deepEqual(rows(model)[0]!.record.processes, NGINX)
})

test('the countdown: the kernel’s own timer, else the ladder of SYNs', () => {
  const model = newModel()
  const talk = new Conversation(model, 0, CLIENT, { addr: '192.0.2.1', port: 80 }).syn(0)
  const [row] = rows(model)
  assert.equal(nextRetransmission(row!), ORIGIN_MS + 1000)
  talk.synAgain(1000)
  assert.equal(nextRetransmission(row!), ORIGIN_MS + 2000)
  const timer = { name: 'on', expires_ms: 700, retrans: 1 }
  const remote = { addr: '192.0.2.1', port: 80 }
  list(model, 1500, [socket({ state: 'SYN_SENT', local: CLIENT, remote, timer })])
  assert.equal(nextRetransmission(row!), ORIGIN_MS + 2200)
  talk.synAck(1600)
  assert.equal(nextRetransmission(row!), undefined)
})

test('a verdict finds its row by the flow, or by its ends', () => {
  const model = newModel()
  new Conversation(model, 3, REFUSED.client, REFUSED.server).syn(0).reset('server', 1)
  model.verdict({ ...REFUSED, flow: 3 })
  assert.equal(rows(model)[0]!.verdict?.verdict, 'refused.wrong-address')
  const other = newModel()
  list(other, 0, [socket({ state: 'SYN_SENT', local: REFUSED.client, remote: REFUSED.server })])
  other.verdict(REFUSED)
  assert.equal(rows(other)[0]!.verdict?.verdict, 'refused.wrong-address')
})

test('memory is bounded: a flood of SYNs, and of connections that come and go', () => {
  const model = newModel()
  for (let flow = 0; flow < 20_000; flow++) {
    new Conversation(model, flow, { addr: `10.${flow >> 8}.0.1`, port: 1024 + (flow & 0xff) }, SERVER).syn(
      flow,
    )
    assert.ok(model.book.rows.size <= 2001)
  }
  assert.equal(model.book.card(0), undefined)
  assert.ok(model.book.card(19_999) !== undefined)
  for (let listing = 0; listing < 40; listing++) {
    const records = Array.from({ length: 100 }, (_, index) =>
      socket({
        state: 'ESTABLISHED',
        local: { addr: '10.0.0.1', port: index },
        remote: { addr: '10.1.0.1', port: listing },
        cookie: (1000 + listing * 100 + index).toString(16),
      }),
    )
    list(model, 20_000 + listing, records)
    model.book.expire(ORIGIN_MS + 20_000 + listing)
  }
  assert.ok(rows(model).filter(({ closed }) => closed !== undefined).length <= 500)
})

test('a card keeps the first and the last events, and counts what it left out', () => {
  const model = newModel()
  const talk = new Conversation(model, 0, CLIENT, SERVER).open(0)
  for (let ms = 1; ms <= 1000; ms++) talk.synAgain(ms)
  const card = model.book.card(0)!
  assert.equal(card.events.length, 48)
  assert.equal(card.left, 1003 - 48)
  assert.equal(card.retransmissions, 1000)
  for (let ms = 0; ms < 100; ms++) talk.payload(ms % 2 ? 'client' : 'server', 1, 2000 + ms)
  assert.equal(card.runs.length, 32)
  assert.equal(
    card.runs.reduce((sum, { bytes }) => sum + bytes, 0),
    100,
  )
})
