// The two ends of the end-to-end test: `peer.mjs server PORT` and `peer.mjs client PORT`.
// The server answers what it gets, and closes a little after the client did, so that the acknowledgement of the
// client's FIN and its own FIN are two segments: a close in four steps.
import { connect, createServer } from 'node:net'

const [role, port] = process.argv.slice(2)
/** Longer than Linux delays an acknowledgement, milliseconds. */
const THINK_MS = 120

if (role === 'server') {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes) => socket.write(bytes))
    socket.on('end', () => setTimeout(() => socket.end(), THINK_MS))
  })
  server.listen(Number(port), '127.0.0.1', 64, () => console.log('ready'))
} else {
  const socket = connect(Number(port), '127.0.0.1', () => socket.write('hello'))
  socket.on('data', () => {
    console.log(JSON.stringify({ pid: process.pid, port: socket.localPort }))
    socket.end()
  })
}
