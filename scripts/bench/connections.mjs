// Holds established TCP connections over loopback, both ends of each, for `list.mjs`:
//   node connections.mjs COUNT FIRST-PORT
// One blocking thread and no JavaScript object per socket, so that 100 000 connections take seconds. Prints `ready`
// and stays until its input ends.
import koffi from 'koffi'

const AF_INET = 2
const SOCK_STREAM = 1
const BACKLOG = 4096
/** Connections to one port: no more than it has ephemeral ports to come from. */
const PER_PORT = 5000

const library = koffi.load(null)
const socket = library.func('int socket(int, int, int)')
const bind = library.func('int bind(int, const void *, uint32_t)')
const listen = library.func('int listen(int, int)')
const connect = library.func('int connect(int, const void *, uint32_t)')
const accept = library.func('int accept(int, void *, void *)')

const [count, firstPort] = process.argv.slice(2).map(Number)
for (let made = 0, port = firstPort; made < count; made += PER_PORT, port++) {
  const address = new Uint8Array(16)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_INET, true)
  view.setUint16(2, port)
  view.setUint32(4, 0x7f000001)
  const listener = must(socket(AF_INET, SOCK_STREAM, 0), 'socket')
  must(bind(listener, address, 16), 'bind')
  must(listen(listener, BACKLOG), 'listen')
  for (let n = 0; n < Math.min(PER_PORT, count - made); n++) {
    must(connect(must(socket(AF_INET, SOCK_STREAM, 0), 'socket'), address, 16), 'connect')
    must(accept(listener, null, null), 'accept')
  }
}
process.stdout.write('ready\n')
process.stdin.resume()

function must(result, call) {
  if (result !== -1) return result
  throw new Error(`${call}: errno ${koffi.errno()}`)
}
