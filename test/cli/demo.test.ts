import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { FlowEvent } from '../../src/flow/event.ts'
import type { FlowRecord } from '../../src/flow/record.ts'
import { outputSchema } from '../../src/render/schema.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { NOBODY, rootTest } from '../support/root.ts'

type Printed =
  | (FlowEvent & { readonly time: string })
  | FlowRecord
  | SocketRecord
  | { readonly type: 'summary' }

interface Finished {
  readonly status: number | string | null
  readonly stdout: string
  readonly stderr: string
}

const program = (): string => builtFile(repository)

async function finish(command: readonly string[]): Promise<Finished> {
  const running = new Running(command)
  const status = await running.ended()
  const { stdout, stderr } = running
  return { status, stdout, stderr }
}

/** Processes that are in one of these network namespaces. */
function inhabitants(namespaces: ReadonlySet<number>): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const inode = /\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1]
      return namespaces.has(Number(inode))
    } catch {
      return false
    }
  })
}

function assertShowsEverything({ status, stdout, stderr }: Finished): void {
  assert.equal(status, 0, stderr)
  assert.equal(stderr, '')
  const scenes = stdout.split(/^(?=\d\. )/m)
  const expected = [
    [],
    ['LISTEN', 'handshake 1/3', 'handshake 2/3', 'handshake 3/3', 'ESTABLISHED', 'close 4/4', 'TIME_WAIT'],
    ['handshake 3/3', 'close 2/4', 'FIN_WAIT2', 'CLOSE_WAIT', 'close 4/4'],
    ['handshake 1/3', 'reset', 'ECONNREFUSED'],
    ['handshake 1/3', 'retransmission', 'SYN_SENT', 'retransmission'],
    ['ESTABLISHED', 'Recv-Q 18', 'reset', 'ECONNRESET', 'Done'],
  ]
  assert.equal(scenes.length, expected.length, stdout)
  for (const [index, words] of expected.entries()) {
    let from = 0
    for (const word of words) {
      const at = scenes[index]!.indexOf(word, from)
      assert.ok(at >= 0, `"${word}" is not where it should be in\n${scenes[index]}`)
      from = at + word.length
    }
  }
  assertToldInPlace(scenes)
  assert.match(stdout, /server LISTEN .*web-server\[\d+\]/)
  assert.match(stdout, /client ESTABLISHED .*web-client\[\d+\]/)
  assert.ok(!stdout.includes('\u001b'), 'no escape sequences in a pipe')
  for (const line of stdout.split('\n')) assert.ok([...line].length <= 82, `too wide: ${line}`)
}

/** Each event stands in the scene that it belongs to, and the drops before the scene's last word. */
function assertToldInPlace(scenes: readonly string[]): void {
  for (const [index, scene] of scenes.entries()) {
    const ports = [...scene.matchAll(/^\d\d:.* :(\d+) → :(\d+) /gm)].flatMap(([, from, to]) => [from, to])
    const expected = ['', '8080', '8080', '8081', '8443', '8080'][index]
    const others = ports.filter((port) => Number(port) < 10_000 && port !== expected)
    assert.deepEqual(others, [], scene)
  }
  const [before, after] = scenes[4]!.split('  → ')
  assert.doesNotMatch(after!, /\bdrop\b/)
  // As root the kernel tells of each, in a user namespace of none.
  const told = [...before!.matchAll(/ (drop|retransmission|handshake 1\/3)\n/g)].map(([, name]) => name!)
  const drops = told.filter((name) => name === 'drop').length
  assert.ok(drops === 0 || isEachDropped(told), before)
  for (const index of [1, 2, 3, 5]) assert.doesNotMatch(scenes[index]!, / drop\n/)
}

/** SYNs, sent three times at least, and their drops in turn. */
function isEachDropped(told: readonly string[]): boolean {
  return told.length >= 6 && told.every((name, index) => (name === 'drop') === (index % 2 === 1))
}

rootTest('demo as root: every scene, as text and as JSON, two at a time', async () => {
  const [text, json] = await Promise.all([finish([program(), 'demo']), finish([program(), 'demo', '--json'])])
  assertShowsEverything(text)

  assert.equal(json.status, 0, json.stderr)
  const objects = ndjson<Printed>(json.stdout)
  const validate = new Ajv2020({ strictTypes: false }).compile(outputSchema)
  for (const object of objects)
    assert.ok(validate(object), `${JSON.stringify(object)} ${JSON.stringify(validate.errors)}`)

  const events = objects.filter((object) => object.type === 'event')
  const times = events.map(({ time }) => time)
  assert.deepEqual(times, [...times].sort(), 'events of both ends are in the order of their times')
  const sockets = objects.filter((object) => object.type === 'socket')
  const pids = new Map(sockets.flatMap(({ processes }) => processes.map(({ comm, pid }) => [comm, pid])))
  assert.deepEqual([...pids.keys()].sort(), ['web-client', 'web-server'])
  for (const event of events) {
    if (event.process === undefined) continue
    const comm = event.sender === 'client' ? 'web-client' : 'web-server'
    assert.deepEqual([event.process.comm, event.process.pid], [comm, pids.get(comm)])
  }
  // Two servers on one port in two namespaces at a time: kernel events cannot tell whose listener it was.
  const opened = events.filter((event) => event.event === 'handshake' && event.sender === 'client')
  assert.equal(opened.length, 8)
  for (const { process, text } of opened) assert.ok(process !== undefined, text)

  const names = events.filter(({ dst }) => dst.port === 8443).map(({ event }) => event)
  assert.ok(isEachDropped(names), names.join())

  const outcomes = objects.filter((object) => object.type === 'flow').map(({ outcome }) => outcome)
  // On a busy machine the client gives up after its next SYN was due.
  assert.match(outcomes.join(), /^closed,closed,refused,(incomplete|timeout),reset$/)
  assert.equal(objects.at(-1)?.type, 'summary')
  const namespaces = new Set(sockets.map(({ netns }) => netns!))
  assert.equal(namespaces.size, 2)
  assert.deepEqual(inhabitants(namespaces), [])
})

rootTest('demo as an ordinary user runs in a user namespace, or says what forbids it', async () => {
  const isAllowed = runCommand([...NOBODY, 'unshare', '-U', '-r', '-n', 'true']).status === 0
  const finished = await finish([...NOBODY, program(), 'demo'])
  if (isAllowed) assertShowsEverything(finished)
  else {
    assert.equal(finished.status, 3)
    assert.match(finished.stderr, /^socktrace: Cannot make network namespaces: .*sudo/)
  }
})

rootTest('demo where user namespaces are forbidden names the switch', async () => {
  // The limit holds for the user namespaces below the one in which it is written.
  const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces'
  const powerless = 'exec setpriv --inh-caps=-all --bounding-set=-all "$0" demo'
  const { status, stderr } = await finish([
    'unshare',
    '-U',
    '-r',
    'sh',
    '-c',
    `${forbid}; ${powerless}`,
    program(),
  ])
  assert.equal(status, 3)
  assert.match(
    stderr,
    /^socktrace: Cannot make network namespaces: .*user\.max_user_namespaces is 0; sudo sysctl user\.max_user_namespaces=15000/,
  )
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
  for (const prefix of signal === 'SIGKILL' ? [[]] : [[], NOBODY])
    rootTest(
      `demo ended by ${signal}${prefix.length > 0 ? ' as an ordinary user' : ''} leaves nothing behind`,
      async () => {
        const running = new Running([...prefix, program(), 'demo', '--json'])
        await running.until('a connection', ({ stdout }) => stdout.includes('ESTABLISHED'))
        const [first] = ndjson<SocketRecord>(running.stdout.slice(0, running.stdout.lastIndexOf('\n')))
        const namespaces = new Set([first!.netns!])
        assert.ok(inhabitants(namespaces).length > 0)
        const status = await running.stop(signal)
        assert.equal(status, signal === 'SIGKILL' ? signal : 0, running.stderr)
        // Killed outright, it cannot wait for its programs; they notice by themselves.
        const deadline = performance.now() + (signal === 'SIGKILL' ? 25_000 : 0)
        while (inhabitants(namespaces).length > 0 && performance.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, 50))
        assert.deepEqual(inhabitants(namespaces), [])
      },
    )

rootTest('demo into a closed pipe ends quietly', async () => {
  const { status, stdout, stderr } = await finish([
    'bash',
    '-c',
    'set -o pipefail; "$0" demo | head -n 12 >/dev/null',
    program(),
  ])
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
})

/** The demo where these programs of the system are no programs. */
function demoWithout(...names: readonly string[]): Promise<Finished> {
  const hide = `for f in /usr/sbin /sbin /usr/bin /bin; do for p in ${names.join(' ')}; do
    [ -e $f/$p ] && mount --bind /dev/null $f/$p; done; done; exec "$0" demo`
  return finish(['unshare', '--mount', 'sh', '-c', hide, program()])
}

rootTest('demo without nftables drops by a route, without iproute2 says what to install', async () => {
  const without = await demoWithout('ip', 'nft')
  assert.equal(without.status, 5)
  assert.match(without.stderr, /^socktrace: Cannot join the namespaces: .*`ip`.*; install iproute2: sudo \S+/)
  assertShowsEverything(await demoWithout('nft'))
})
