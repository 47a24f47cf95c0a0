import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { openKernelPlane } from '../../../src/host/kernel/kernel-plane.ts'
import { Owners } from '../../../src/host/sockets/owners.ts'
import { rootTest } from '../../support/root.ts'

/** Dials itself twice, under a new name each time; the second time it is a thread that has yet another. Prints each port. */
const PROGRAM = `
import ctypes, socket, sys, threading
call = ctypes.CDLL(None).prctl
def name(text): call(15, text.encode(), 0, 0, 0)
listener = socket.create_server(('127.0.0.1', 0))
def dial():
  one = socket.create_connection(listener.getsockname())
  print(one.getsockname()[1], flush=True)
def inThread():
  name('its-thread')
  dial()
print(listener.getsockname()[1], flush=True)
input()
name('later')
dial()
input()
name('even-later')
thread = threading.Thread(target=inThread)
thread.start()
input()
thread.join()
`

rootTest(
  'a process has the name under which it dialled, also where its new name is not read yet',
  async () => {
    const plane = openKernelPlane({ engine: 'bpf', want: { drops: false } })
    const owners = new Owners({ seesStates: true })
    const child = spawn('/usr/bin/python3', ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const number = async (): Promise<number> => Number((await lines.next()).value)
    try {
      const remote = { addr: '127.0.0.1', port: await number() }
      const named = async (): Promise<unknown[]> => {
        child.stdin.write('\n')
        const local = { addr: '127.0.0.1', port: await number() }
        plane.drain(
          () => {},
          (change) => owners.see(change),
        )
        const found = owners.find('tcp', local, remote, 'client', BigInt(Date.now()) * 1_000_000n)
        return [found?.pid, found?.comm, found?.attribution]
      }
      // What they are called from now on is read only where it says so.
      owners.drain()
      assert.deepEqual(await named(), [child.pid, 'later', 'tracepoint'])
      // The name of a thread is not that of its process: the last one that was read is closer.
      owners.drain()
      assert.deepEqual(await named(), [child.pid, 'later', 'tracepoint'])
    } finally {
      owners.close()
      plane.close()
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  },
)
