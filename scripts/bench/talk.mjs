// Packets at a steady pace over loopback, for `live.mjs`:  node talk.mjs PACKETS-A-SECOND NEW-CONNECTIONS-A-SECOND
// Requests and answers on twenty connections that stay, and connections that are opened and closed for one each, about
// ten packets. Prints `ready` and stays until it is ended.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const LONG = 20
const TURN_MS = 20
/** Packets of a request with its answer, and of a connection of its own: data and ACK each way, three and four. */
const EXCHANGE = 3
const WHOLE = 10

const [packets, connections] = process.argv.slice(2).map((text) => (Number(text) * TURN_MS) / 1000)
const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('data', (bytes) => socket.write(bytes))
  socket.on('error', () => {})
})
server.listen(9000, '127.0.0.1')
await once(server, 'listening')
const clients = []
for (let index = 0; index < LONG; index++) {
  const client = connect(9000, '127.0.0.1')
  client.setNoDelay(true)
  await once(client, 'connect')
  client.resume()
  clients.push(client)
}
process.stdout.write('ready\n')
process.stdin.resume()

let at = 0
let owed = 0
let opening = 0
let due = performance.now()
for (;;) {
  due += TURN_MS
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  owed += packets
  for (opening += connections; opening >= 1; opening--) {
    owed -= WHOLE
    const short = connect(9000, '127.0.0.1', () => short.end('request'))
    short.on('error', () => {})
    short.resume()
  }
  for (; owed >= EXCHANGE; owed -= EXCHANGE) clients[at++ % LONG].write('a short request')
}
