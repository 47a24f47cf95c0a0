import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { enterOwnNetwork } from '../support/own-network.ts'
import { builtFile, ndjson, type Ran, Running, repository, runCommand } from '../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-run-'))
const server = createServer((socket) => socket.end('hello'))
let port = 0

before(async () => {
  if (!isRoot) return
  enterOwnNetwork()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})
after(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

function command(...args: string[]): string[] {
  return [builtFile(repository), 'run', ...args]
}

/** A shell script that connects with bash's own /dev/tcp: `good` and `refused` are commands in it. */
function script(text: string): string[] {
  return [
    'bash',
    '-c',
    text
      .replaceAll('good', `cat </dev/tcp/127.0.0.1/${port}`)
      .replaceAll('refused', `(: </dev/tcp/127.0.0.1/1)`),
  ]
}

/** Runs it while this process goes on serving. */
async function run(words: readonly string[]): Promise<Ran> {
  const running = new Running(words)
  const status = await running.ended()
  return {
    status: typeof status === 'number' ? status : null,
    stdout: running.stdout,
    stderr: running.stderr,
  }
}

interface Flow {
  readonly type: string
  readonly outcome?: string
  readonly verdict?: string
  readonly process?: { readonly client?: { readonly pid: number; readonly comm: string } }
}

const statuses: [what: string, args: string[], status: number, stderr: RegExp][] = [
  ['success', ['true'], 0, /0 flows/],
  ['its own status', ['sh', '-c', 'exit 42'], 42, /captured/],
  ['a signal', ['sh', '-c', 'kill -9 $$'], 137, /captured/],
  [
    'no such command',
    ['./nosuchcommand'],
    127,
    /^socktrace: Cannot run "\.\/nosuchcommand": no such command\n$/,
  ],
  ['a command without a name', [''], 127, /^socktrace: Cannot run "": no such command\n$/],
  [
    'not executable',
    ['/etc/passwd'],
    126,
    /^socktrace: Cannot run "\/etc\/passwd": no permission to execute it\n$/,
  ],
  ['a directory', ['/'], 126, /^socktrace: Cannot run "\/"/],
  ['no option of run', ['--bogus', 'true'], 125, /no option --bogus/],
  ['no command', [], 125, /<command> is missing/],
  ['an interface that is not there', ['-i', 'nosuch0', 'true'], 125, /nosuch0/],
  ['packets to its standard output', ['-w', '-', 'true'], 125, /standard output/],
  ['a user that is not there', ['-u', 'nosuchuser', 'true'], 125, /no such user/],
  ['an output that cannot be made', ['-o', '/nosuch/file', 'true'], 125, /nosuch/],
]

for (const [what, args, status, stderr] of statuses)
  rootTest(`the exit status: ${what}`, () => {
    const ran = runCommand(command(...args))
    assert.deepEqual([ran.status, ran.stdout], [status, ''])
    assert.match(ran.stderr, stderr)
  })

rootTest('--check: 1 when a connection failed though the command succeeded', async () => {
  const cases: [string, number][] = [
    ['good', 0],
    ['refused; true', 1],
    ['refused; exit 3', 3],
  ]
  for (const [text, status] of cases)
    assert.equal((await run(command('--check', ...script(text)))).status, status, text)
})

rootTest('only connections of the command and what it started, also when that outlives it', async () => {
  // The child of a child that ended before, in a session of its own.
  const orphan = `(setsid bash -c 'sleep 0.1; exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3' &) ; sleep 0.4`
  const beside = new Running([
    'bash',
    '-c',
    `for i in 1 2 3 4 5 6 7 8 9; do cat </dev/tcp/127.0.0.1/${port}; sleep 0.2; done`,
  ])
  const file = join(folder, 'flows')
  const ran = await run(command('--json', '-o', file, ...script(`good; refused; ${orphan}`)))
  beside.child.kill()
  assert.equal(ran.status, 0)
  assert.equal(ran.stdout, 'hellohello')
  const objects = ndjson<Flow>(readFileSync(file, 'utf8'))
  const flows = objects.filter(({ type }) => type === 'flow')
  assert.deepEqual(flows.map(({ outcome }) => outcome).sort(), ['closed', 'closed', 'refused'])
  assert.ok(flows.every(({ process }) => process?.client !== undefined))
  assert.deepEqual(
    objects.flatMap(({ type, verdict }) => (type === 'verdict' ? [verdict] : [])),
    ['refused.no-listener'],
  )
  assert.equal(objects.at(-1)?.type, 'summary')
})

rootTest('standard streams are the command’s; what is traced is on standard error', async () => {
  const traced = command('-q', ...script('cat; good; echo err >&2'))
  const ran = await run(['bash', '-c', 'echo in | "$@"', 'bash', ...traced])
  assert.equal(ran.status, 0)
  assert.equal(ran.stdout, 'in\nhello')
  assert.match(ran.stderr, /^err\n/)
  assert.match(ran.stderr, /closed +SF/)
})

rootTest('the command gets SIGTERM, SIGHUP, SIGINT and SIGUSR2 sent to socktrace alone', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR2'] as const) {
    const name = signal.slice(3)
    const text = `trap 'echo got ${name}; exit 5' ${name}; echo ready; for i in {1..200}; do sleep 0.05; done`
    const running = new Running(['setsid', ...command('bash', '-c', text)])
    await running.until('the command is ready', ({ stdout }) => stdout.includes('ready'))
    assert.equal(await running.stop(signal), 5)
    assert.equal(running.stdout, `ready\ngot ${name}\n`)
  }
})

rootTest('on a terminal: the command has it, and Ctrl-C reaches it once', () => {
  const inner = `test -t 0 && test -t 1 && test -t 2 && echo is a tty; trap 'echo got; exit 9' INT; echo ready; for i in {1..200}; do sleep 0.05; done`
  const python = join(folder, 'terminal.py')
  writeFileSync(
    python,
    `import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
sent = False
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if b'ready' in seen and not sent:
        os.write(fd, b'\\x03')
        sent = True
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`,
  )
  const ran = runCommand(['python3', python, ...command('-q', 'bash', '-c', inner)])
  assert.equal(ran.status, 9)
  assert.match(ran.stdout, /is a tty/)
  assert.equal(ran.stdout.split('got').length, 2)
})

rootTest('-u: the command runs as that user, socktrace as before', () => {
  const ran = runCommand(command('-u', 'nobody', 'sh', '-c', 'id -u; id -G'))
  assert.equal(ran.status, 0)
  assert.match(ran.stdout, /^65534\n65534\n$/)
  assert.match(ran.stderr, /captured/)
})

rootTest('-u: all groups of the account, and no way back to root', () => {
  const groups = join(folder, 'group')
  writeFileSync(groups, 'root:x:0:\nnogroup:x:65534:\nfriends:x:54321:other,nobody\nothers:x:54322:other\n')
  // An /etc/group of our own, in a mount namespace that ends with the command.
  const mounted = ['unshare', '-m', 'sh', '-c', `mount --bind ${groups} /etc/group; exec "$@"`, 'sh']
  const shown = String.raw`grep -E "^(Uid|Gid|Groups|CapPrm|CapEff|CapAmb)" /proc/self/status | tr -s "\t " " "`
  const ran = runCommand([...mounted, ...command('-u', 'nobody', 'sh', '-c', shown)])
  const nobody = '65534 65534 65534 65534'
  const none = '0000000000000000'
  assert.equal(
    ran.stdout,
    `Uid: ${nobody}\nGid: ${nobody}\nGroups: 54321 65534 \nCapPrm: ${none}\nCapEff: ${none}\nCapAmb: ${none}\n`,
  )
  assert.match(ran.stderr, /captured/)
})

rootTest('without the privilege to capture: 125, and the mend', () => {
  chmodSync(folder, 0o755)
  const ran = runCommand([...NOBODY, ...command('sh', '-c', 'echo must not run')])
  assert.deepEqual([ran.status, ran.stdout], [125, ''])
  assert.match(ran.stderr, /^socktrace: .*; .*(sudo|setcap)/)
})
