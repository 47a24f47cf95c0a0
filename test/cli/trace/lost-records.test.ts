import assert from 'node:assert/strict'
import { before } from 'node:test'
import { enterOwnNetwork } from '../../support/own-network.ts'
import { builtFile, Running, repository, runCommand } from '../../support/program.ts'
import { isRoot, rootTest } from '../../support/root.ts'

/** Connections that come and go while nobody reads: their records are several times what the kernel's ring holds. */
const FLOOD = `
import socket
s = socket.create_server(("127.0.0.1", 0))
for _ in range(26000):
    d = socket.create_connection(s.getsockname())
    c, _ = s.accept()
    d.close()
    c.close()`

before(() => {
  if (isRoot) enterOwnNetwork()
})

rootTest('that records of the kernel were lost is said once, with what makes them fewer', async () => {
  const trace = new Running([builtFile(repository), 'trace', '--summary'])
  await trace.until('it watches', ({ stderr }) => stderr.includes('listening on'))
  for (let n = 1; n <= 2; n++) {
    process.kill(trace.pid, 'SIGSTOP')
    assert.equal(runCommand(['python3', '-c', FLOOD]).status, 0)
    process.kill(trace.pid, 'SIGCONT')
    await trace.until('the loss', ({ stderr }) => stderr.includes('than there was time to read'))
  }
  assert.equal(await trace.stop('SIGINT'), 0)
  assert.equal(trace.stderr.match(/the kernel told more than there was time to read/g)?.length, 1)
  assert.match(trace.stderr, /is not whole; --failures asks it for half as much\n/)
})
