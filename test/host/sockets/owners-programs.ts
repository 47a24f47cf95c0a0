/** The programs whose connections the ownership tests watch; each says its own pid, name and ports. */

/** Serves until it is killed. Prints one line: `PID COMM PORT`. */
export const NODE_SERVER = `
const server = require('http').createServer((request, response) => response.end('hello'))
server.listen(0, '127.0.0.1', () =>
  console.log(process.pid, require('fs').readFileSync('/proc/self/comm', 'utf8').trim(), server.address().port))
`
/** Listens on [::] for both families. */
export const PYTHON_SERVER = `
import http.server, os, socket
class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header('Content-Length', '0'); self.end_headers()
    def log_message(self, *arguments): pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 128
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()
server = Server(('::', 0), Quiet)
print(os.getpid(), open('/proc/self/comm').read().strip(), server.server_address[1], flush=True)
server.serve_forever()
`
/** Arguments `HOST PORT COUNT`: prints a line `PID COMM LOCAL-PORT HOST PORT` for each connection. */
export const NODE_CLIENT = `
const [host, port, count] = process.argv.slice(1)
const comm = require('fs').readFileSync('/proc/self/comm', 'utf8').trim()
const next = (left) => {
  if (left === 0) return
  const socket = require('net').connect(Number(port), host, () => {
    console.log(process.pid, comm, socket.localPort, host, port)
    socket.end('GET / HTTP/1.0\\r\\n\\r\\n')
  })
  socket.resume().on('close', () => next(left - 1))
}
next(Number(count))
`
export const PYTHON_CLIENT = `
import os, socket, sys
host, port, count = sys.argv[1:]
comm = open('/proc/self/comm').read().strip()
for _ in range(int(count)):
    with socket.create_connection((host, int(port))) as one:
        print(os.getpid(), comm, one.getsockname()[1], host, port)
`
/** Listens, is connected to by its own child, and both are gone: prints two lines, as above. */
export const SHORT_LIVED_PAIR = `
import os, socket
comm = open('/proc/self/comm').read().strip()
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen()
print(os.getpid(), comm, listener.getsockname()[1], flush=True)
if os.fork() == 0:
    name, port = 'fork-%d' % (os.getpid() % 1000), listener.getsockname()[1]
    listener.close()
    open('/proc/self/comm', 'w').write(name)
    one = socket.create_connection(('127.0.0.1', port))
    print(os.getpid(), name, one.getsockname()[1], '127.0.0.1', port, flush=True)
    os._exit(0)
one, _ = listener.accept()
os.wait()
`
