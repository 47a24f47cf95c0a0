// Short connections over loopback, both ends of each, for `loopback.mjs`:  node churn.mjs SECONDS
// A request of up to 1 KB and an answer of up to 4 KB each; the listener closes first, one connection in 32 is aborted
// and one in 32 refused. One blocking thread. Prints how many there were.
import koffi from 'koffi'

const AF_INET = 2
const SOCK_STREAM = 1
const SOL_SOCKET = 1
const SO_LINGER = 13
const BACKLOG = 64
const PORT = 8080
const CLOSED_PORT = 8081
/** Connections to one address, 127.0.N.1: it must not run out of ports to come from. */
const PER_ADDRESS = 5000

const library = koffi.load(null)
const socket = library.func('int socket(int, int, int)')
const bind = library.func('int bind(int, const void *, uint32_t)')
const listen = library.func('int listen(int, int)')
const connect = library.func('int connect(int, const void *, uint32_t)')
const accept = library.func('int accept(int, void *, void *)')
const write = library.func('int64_t write(int, const void *, size_t)')
const read = library.func('int64_t read(int, void *, size_t)')
const close = library.func('int close(int)')
const setsockopt = library.func('int setsockopt(int, int, int, const void *, uint32_t)')

const bytes = new Uint8Array(4 * 1024)
const linger = new Uint8Array(Int32Array.of(1, 0).buffer)
const listener = must(socket(AF_INET, SOCK_STREAM, 0), 'socket')
must(bind(listener, address(0, PORT), 16), 'bind')
must(listen(listener, BACKLOG), 'listen')

const end = performance.now() + Number(process.argv[2]) * 1000
let made = 0
for (; performance.now() < end; made++) {
  const network = 1 + (Math.floor(made / PER_ADDRESS) % 250)
  const client = must(socket(AF_INET, SOCK_STREAM, 0), 'socket')
  const to = 0x7f000001 + (network << 8)
  if (made % 32 === 7) {
    connect(client, address(to, CLOSED_PORT), 16)
    close(client)
    continue
  }
  must(connect(client, address(to, PORT), 16), 'connect')
  const server = must(accept(listener, null, null), 'accept')
  exchange(client, server, 1 + ((made * 131) % 1024))
  exchange(server, client, 1 + ((made * 7919) % bytes.length))
  if (made % 32 === 3) setsockopt(server, SOL_SOCKET, SO_LINGER, linger, 8)
  close(server)
  close(client)
}
console.log(made)

/** Few enough bytes that the socket buffers hold them: nobody waits. */
function exchange(from, to, length) {
  must(write(from, bytes, length), 'write')
  for (let left = length; left > 0; ) left -= must(read(to, bytes, left), 'read')
}

function address(words, port) {
  const view = new DataView(new ArrayBuffer(16))
  view.setUint16(0, AF_INET, true)
  view.setUint16(2, port)
  view.setUint32(4, words)
  return new Uint8Array(view.buffer)
}

function must(result, call) {
  if (result !== -1) return result
  throw new Error(`${call}: errno ${koffi.errno()}`)
}
