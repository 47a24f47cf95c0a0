import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before } from 'node:test'
import type { SocketRecord } from '../../../src/sockets/socket.ts'
import { Namespace } from '../../support/namespace.ts'
import { builtFile, ndjson, Running, repository, runCommand } from '../../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../../support/root.ts'

let namespace: Namespace
let program: Running

before(async () => {
  if (!isRoot) return
  namespace = new Namespace('flags')
  program = new Running(namespace.inside(['python3', 'test/lab/ss-flags.py']))
  await program.until('it is ready', ({ stdout }) => stdout.includes('ready'))
})
after(async () => {
  if (!isRoot) return
  await program.stop('SIGKILL')
  namespace.close()
})

function run(...command: string[]): string {
  const { status, stdout, stderr } = runCommand(namespace.inside(command))
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`)
  return stdout
}

function list(args: string): string {
  return run(builtFile(repository), 'list', '-q', ...args.split(' '))
}

/** Numbers of linux/netlink.h: ss shows them. */
const PROTOCOLS: Readonly<Record<string, string>> = { route: '0', kobject_uevent: '15', generic: '16' }

rootTest('-f netlink: the sockets that ss shows, and their owners, which it does not', () => {
  const theirs = run('ss', '-f', 'netlink', '-anH')
    .split('\n')
    .map((line) => line.trim().split(/\s+/).slice(3, 5).join(' '))
    .filter((ends) => /^(?:0|15|16):/.test(ends))
    .sort()
  const ours = ndjson<SocketRecord>(list('-f netlink --json')).filter(
    ({ local }) => PROTOCOLS[local.addr!] !== undefined,
  )
  assert.deepEqual(
    ours
      .map(({ local, remote }) => {
        const peer = remote.addr === undefined ? '*' : `${PROTOCOLS[remote.addr]}:${remote.port}`
        // The kernel's choice of a second port has its highest bit set, which ss prints as a sign.
        return `${PROTOCOLS[local.addr!]}:${local.port! | 0} ${peer}`
      })
      .sort(),
    // ss shows one that is in a group twice.
    [...new Set(theirs)],
  )
  const own = ours.filter(({ processes }) => processes[0]?.pid === program.pid)
  assert.deepEqual(own.map(({ local }) => local.addr).sort(), ['generic', 'kobject_uevent', 'route', 'route'])
  for (const { netid, family, state, inode, cookie } of own)
    assert.deepEqual(
      [netid, family, state, inode > 0, cookie !== null],
      ['netlink', 'netlink', 'UNCONN', true, true],
    )
  const filter = `-H pid = ${program.pid}`
  assert.equal(list(`--netlink ${filter}`), list(`-f netlink ${filter}`))
})

rootTest('the port of the kernel is called kernel', () => {
  assert.match(list('-f netlink -H'), /^nl +UNCONN +0 +0 +route:kernel +\*$/m)
})

rootTest('-f inet, inet6, unix and link are -4, -6, -x and -0', () => {
  for (const [family, option] of [
    ['inet', '-4'],
    ['inet6', '-6'],
    ['unix', '-x'],
    ['link', '-0'],
  ])
    assert.equal(list(`-f ${family}`), list(option!), family)
})

/** Every holder of a listener in a text: port, pid, thread, descriptor. */
function holders(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const port = /:(42\d\d) /.exec(line)?.[1]
    return [...line.matchAll(/pid=(\d+),tid=(\d+),fd=(\d+)/g)].map(
      (match) => `${port} ${match.slice(1).join(' ')}`,
    )
  })
}

rootTest(
  '-T: every thread that has the socket, also one with descriptors of its own, as ss -T shows them',
  () => {
    const ours = holders(list('-tlT -H --format ss'))
    assert.deepEqual(ours.sort(), holders(run('ss', '-tlnTH')).sort())
    // The listener in three threads, one of them with a copy of the table; the other one in that thread alone.
    assert.deepEqual(
      ours.map((holder) => holder.split(' ')[0]),
      ['4200', '4200', '4200', '4201'],
    )
    const [record] = ndjson<SocketRecord>(list('-tlT --json sport = :4201'))
    const [owner] = record!.processes
    assert.equal(owner!.pid, program.pid)
    assert.ok(owner!.tid! > owner!.pid)
    assert.match(
      list('-tlT -H sport = :4201'),
      new RegExp(`python3\\[${owner!.pid}/${owner!.tid}\\] fd ${owner!.fd}`),
    )
  },
)

const CGROUP = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1]

/** What ss(8) says of filters beside states, ends and ports, with its own example of `fwmark`. */
const FILTERS: readonly string[] = [
  'dev = lo',
  'dev lo',
  'dev != lo',
  'dev = 1',
  'fwmark = 1',
  'fwmark = 0x01/0x03',
  'fwmark != 0x01/0x01',
  'fwmark = 0x80000000',
  'fwmark = 3 or dev = lo',
  'not fwmark = 3',
  ...(CGROUP === undefined ? [] : [`cgroup = ${CGROUP}`, `cgroup != ${CGROUP}`]),
]

for (const filter of FILTERS)
  rootTest(`"${filter}" selects what ss selects`, () => {
    const theirs = run('ss', '-uanH', ...filter.split(' '))
    const ends = theirs.split('\n').flatMap((line) => line.trim().split(/\s+/).slice(3, 5).join(' ') || [])
    const ours = ndjson<SocketRecord>(list(`-u --no-process --json ${filter}`))
    assert.deepEqual(
      ours
        .map(({ local, remote, iface }) => {
          const device = iface === undefined ? '' : `%${iface}`
          return `${local.addr}${device}:${local.port} ${remote.addr}:${remote.port || '*'}`
        })
        .sort(),
      ends.sort(),
    )
  })

rootTest("ss's own example of a unix path: every server of X", () => {
  const theirs = run('ss', '-xaH', 'src', '@/tmp/.X11-unix/*')
  const ours = ndjson<SocketRecord>(list('-x --no-process --json src @/tmp/.X11-unix/*'))
  assert.equal(ours.length, theirs.trimEnd().split('\n').length)
  for (const { local } of ours) assert.ok(theirs.includes(` ${local.path} `), local.path)
  assert.ok(ours.some(({ local }) => local.path === '@/tmp/.X11-unix/X4200'))
})

rootTest('an ordinary user is told that the owners of others are not known, and why', () => {
  const asUser = (...args: string[]): string =>
    run(...NOBODY, builtFile(repository), 'list', '-q', '-tlH', ...args)
  assert.match(asUser('sport = :4200'), /^tcp +LISTEN .* \?$/m)
  // The other way to the same text, by records.
  assert.match(asUser('-v', 'sport = :4200'), /^tcp +LISTEN .* \?$/m)
  const [record] = ndjson<SocketRecord>(asUser('--json', 'sport = :4200'))
  assert.deepEqual(record!.processes, [])
  assert.match(record!.owners_unknown!, /^the descriptors of \d+ processes cannot be read$/)
  const [known] = ndjson<SocketRecord>(list('-tl --json sport = :4200'))
  assert.equal(known!.owners_unknown, undefined)
})
