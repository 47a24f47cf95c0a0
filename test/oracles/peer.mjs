// One end of the connections of `live-captures.ts`: `node peer.mjs serve|call`, in its own network namespace.
//
// The server listens on a port for each habit and prints `ready`; the caller ends when all its connections have.
import { connect, createServer } from 'node:net'

const SERVER = '10.77.2.1'
/** Takes all and closes; sends and closes; takes slowly, so that its window closes. */
const PORTS = { sink: 7801, source: 7802, slow: 7803 }
const CHUNK = Buffer.alloc(65_536, 'x')
const BULK = 2 << 20
/** More than the slow reader's buffer takes. */
const SLOW = 1 << 20
const PAUSE_MS = 150
const BULKS = 4
const SHORT = 60

if (process.argv[2] === 'serve') serve()
else await call()

function serve() {
  const quiet = (socket) => socket.on('error', () => socket.destroy())
  let waiting = 3
  const ready = () => {
    if (--waiting === 0) console.log('ready')
  }
  createServer((socket) => quiet(socket).resume()).listen(PORTS.sink, SERVER, ready)
  createServer((socket) => send(quiet(socket).resume(), BULK)).listen(PORTS.source, SERVER, ready)
  createServer((socket) => {
    quiet(socket).on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), PAUSE_MS)
    })
  }).listen(PORTS.slow, SERVER, ready)
}

async function call() {
  const many = (count, run) => Promise.all(Array.from({ length: count }, run))
  await many(BULKS, () => exchange(PORTS.sink, BULK))
  await many(BULKS, () => exchange(PORTS.source, 0))
  await many(SHORT, () => exchange(PORTS.sink, 300))
  await exchange(PORTS.slow, SLOW)
}

function exchange(port, bytes) {
  return new Promise((done) => {
    const socket = connect(port, SERVER)
    socket.on('error', done).on('close', done).resume()
    send(socket, bytes)
  })
}

function send(socket, bytes) {
  for (let left = bytes; left > 0; left -= CHUNK.length)
    socket.write(CHUNK.subarray(0, Math.min(left, CHUNK.length)))
  socket.end()
}
