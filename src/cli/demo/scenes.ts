import type { FlowEvent } from '../../flow/event.ts'
import { ADDRESSES } from '../../host/lab.ts'
import type { Stage } from './stage.ts'

/** One thing that happens to connections: what it is, why it matters, and the calls that make it happen. */
export interface Scene {
  readonly title: string
  readonly explanation: string
  play(stage: Stage): Promise<void>
}

const WEB_PORT = 8080
const CLOSED_PORT = 8081
const FILTERED_PORT = 8443
/** The kernel's word on a drop comes 50 ms after it; where it is lost, the demo goes on. */
const DROP_PATIENCE_MS = 2000

function isHandshake(step: number): (event: FlowEvent) => boolean {
  return (event) => event.event === 'handshake' && event.step === step
}

function isClose(step: number): (event: FlowEvent) => boolean {
  return (event) => event.event === 'close' && event.step === step
}

function isReset(event: FlowEvent): boolean {
  return event.event === 'reset'
}

function isSyn(event: FlowEvent): boolean {
  return isHandshake(1)(event) || isRetransmission(event)
}

function isDrop(event: FlowEvent): boolean {
  return event.event === 'drop'
}

function isRetransmission(event: FlowEvent): boolean {
  return event.event === 'retransmission'
}

/** The three-way handshake between a waiting server and a new client, up to both `connect()` and `accept()`. */
async function establish(stage: Stage): Promise<void> {
  const { client, server } = stage
  const established = stage.until(isHandshake(3), 'the third step of the handshake')
  await Promise.all([client.call('connect', ADDRESSES.server, WEB_PORT), server.call('accept')])
  await established
}

const openAndClose: Scene = {
  title: 'Three-way handshake, data, four-way close',
  explanation: 'Each side says SYN and has it acknowledged; each side says FIN and has it acknowledged.',
  async play(stage) {
    const { client, server } = stage
    await server.call('listen', WEB_PORT)
    await stage.sockets('a listener waits for connections')
    await establish(stage)
    await stage.sockets('connect() and accept() have returned')
    await client.call('send', 'GET / HTTP/1.0\r\n\r\n')
    await server.call('receive')
    await server.call('send', 'HTTP/1.0 200 OK\r\n\r\nhello\n')
    await client.call('receive')
    const acknowledged = stage.until(isClose(2), 'the acknowledgement of the FIN')
    await client.call('close')
    await acknowledged
    const closed = stage.until(isClose(4), 'the last acknowledgement')
    await server.call('close')
    await closed
    await stage.sockets('who closed first is in TIME_WAIT for 60 s', { leftovers: true })
  },
}

const halfClose: Scene = {
  title: 'Half close',
  explanation: 'The client says it will send no more, and still reads: CLOSE_WAIT is now up to the server.',
  async play(stage) {
    const { client, server } = stage
    await establish(stage)
    await client.call('send', 'question\n')
    const acknowledged = stage.until(isClose(2), 'the acknowledgement of the FIN')
    await client.call('shutdown')
    await acknowledged
    await stage.sockets('one direction is closed, the other is open')
    await server.call('receive')
    await server.call('send', 'answer\n')
    await client.call('receive')
    const closed = stage.until(isClose(4), 'the last acknowledgement')
    await server.call('close')
    await closed
    await client.call('close')
  },
}

const refused: Scene = {
  title: 'Connection refused',
  explanation: `Nothing listens on port ${CLOSED_PORT}: the kernel of the server answers the SYN with a reset.`,
  async play(stage) {
    const { client } = stage
    const reset = stage.until(isReset, 'the reset')
    const error = await client.fails('connect', ADDRESSES.server, CLOSED_PORT)
    await reset
    stage.tell(`connect() failed with ${error}`)
  },
}

const dropped: Scene = {
  title: 'SYN dropped',
  explanation: `A firewall drops what comes to port ${FILTERED_PORT}: no answer, so the kernel sends the SYN again.`,
  async play(stage) {
    stage.dropAtServer(FILTERED_PORT)
    const first = stage.until(isRetransmission, 'the SYN sent again')
    const connecting = stage.client.call('connect', ADDRESSES.server, FILTERED_PORT)
    await first
    // The kernel's word on a segment comes before the next one, where it has one at all.
    const isTold = stage.count(isDrop) > 0
    const second = stage.until(isRetransmission, 'the SYN sent a third time')
    await stage.sockets('connect() has not returned')
    await second
    await stage.client.call('close')
    await connecting
    while (isTold && stage.count(isDrop) < stage.count(isSyn))
      if (!(await stage.comes(isDrop, DROP_PATIENCE_MS))) break
    stage.tell('the client gives up here; the kernel would have gone on for two minutes')
  },
}

const unreadData: Scene = {
  title: 'Reset: closed with unread data',
  explanation:
    'The server closes without having read what came: data was lost, so the peer gets a reset, no FIN.',
  async play(stage) {
    const { client, server } = stage
    await establish(stage)
    await client.call('send', 'is anybody there?\n')
    await stage.sockets('18 bytes wait in the receive queue')
    const reset = stage.until(isReset, 'the reset')
    await server.call('close')
    await reset
    stage.tell(`read() at the client failed with ${await client.fails('receive')}`)
  },
}

export const SCENES: readonly Scene[] = [openAndClose, halfClose, refused, dropped, unreadData]
