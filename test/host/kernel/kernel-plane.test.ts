import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openKernelPlane } from '../../../src/host/kernel/kernel-plane.ts'
import { bpf, close } from '../../../src/host/libc.ts'
import { currentNetns } from '../../../src/host/netns.ts'
import type { KernelFact } from '../../../src/kernel/fact.ts'
import { TELLS_RESET_REASONS, tellsFailedRetransmissions } from '../../support/linux.ts'
import { isRoot, rootTest } from '../../support/root.ts'
import { KernelLab } from './kernel-lab.ts'

const BPF_PROG_GET_FD_BY_ID = 13

const lab = isRoot ? new KernelLab() : undefined
after(() => lab?.close())

type Kind = KernelFact['fact']
type Of<K extends Kind> = Extract<KernelFact, { fact: K }>

function only<K extends Kind>(facts: readonly KernelFact[], kind: K): Of<K>[] {
  return facts.filter((fact): fact is Of<K> => fact.fact === kind)
}

const FAMILIES = [
  { client: '10.88.0.1', server: '10.88.0.2', receive: 'tcp_v4_rcv' },
  { client: 'fd88::1', server: 'fd88::2', receive: 'tcp_v6_rcv' },
]

for (const { client, server, receive } of FAMILIES) {
  rootTest(`refused: who called, the reset and its reason, the drop, the error (${server})`, () => {
    const { inode, run } = bound()
    const { told, facts } = run(`dial('${server}', 4001)`)
    assert.equal(told[0]!.error, 'ECONNREFUSED')
    assert.deepEqual(facts.map(({ fact }) => fact).sort(), [
      'drop',
      'error',
      'reset_received',
      ...(TELLS_RESET_REASONS ? ['reset_sent'] : []),
      'state',
      'state',
    ])
    const [called, closed] = only(facts, 'state')
    assert.deepEqual(
      [called!.from, called!.to, called!.pid, called!.comm, called!.netns],
      ['CLOSE', 'SYN_SENT', told[0]!.pid, 'python3', inode.client],
    )
    const local = { addr: client, port: closed!.local.port }
    const remote = { addr: server, port: 4001 }
    assert.ok(local.port > 0)
    assert.deepEqual([closed!.from, closed!.to, closed!.socket], ['SYN_SENT', 'CLOSE', called!.socket])
    assert.deepEqual([closed!.local, closed!.remote, closed!.pid], [local, remote, undefined])
    const resets = only(facts, 'reset_sent')
    const reset = {
      fact: 'reset_sent',
      netns: inode.server,
      proto: 'tcp',
      local: remote,
      remote: local,
    } as const
    assert.deepEqual(
      resets.map(({ at, ...rest }) => rest),
      TELLS_RESET_REASONS ? [{ ...reset, reason: 'NO_SOCKET', state: null, active: false }] : [],
    )
    const { at: dropAt, ...drop } = only(facts, 'drop')[0]!
    assert.deepEqual(drop, {
      fact: 'drop',
      netns: inode.server,
      proto: 'tcp',
      src: local,
      dst: remote,
      flags: 2,
      icmp: false,
      reason: 'NO_SOCKET',
      location: receive,
      iface: 'skp1',
    })
    const { at: errorAt, ...error } = only(facts, 'error')[0]!
    assert.deepEqual(error, {
      fact: 'error',
      netns: inode.client,
      proto: 'tcp',
      local,
      remote,
      error: told[0]!.error,
    })
    const order = [called!.at, ...resets.map(({ at }) => at), dropAt, errorAt]
    assert.ok(
      order.every((at, i) => i === 0 || order[i - 1]! < at),
      JSON.stringify(order),
    )
  })

  rootTest(`dropped by a rule, on the way out and on the way in (${server})`, () => {
    const { inode, run, rules, lab } = bound()
    const undo = [
      rules(lab.client, 'output', 'tcp dport 4002 drop'),
      rules(lab.server, 'input', 'tcp dport 4003 drop'),
    ]
    const { told, facts } = run(
      `dial('${server}', 4002, timeout=0.05)\ndial('${server}', 4003, timeout=0.05)`,
    )
    for (const remove of undo) remove()
    assert.deepEqual(
      told.map(({ error }) => error),
      ['timed out', 'timed out'],
    )
    const drops = only(facts, 'drop').map(({ at, src, ...drop }) => ({ ...drop, src: src.addr }))
    const common = { fact: 'drop', proto: 'tcp', src: client, flags: 2, icmp: false } as const
    const rest = { reason: 'NETFILTER_DROP', location: 'nft_do_chain' }
    assert.deepEqual(drops, [
      { ...common, ...rest, netns: inode.client, dst: { addr: server, port: 4002 } },
      { ...common, ...rest, netns: inode.server, dst: { addr: server, port: 4003 }, iface: 'skp1' },
    ])
  })

  rootTest(`a connection that goes well gives nothing but its states (${server})`, () => {
    const { run } = bound()
    const { told, facts } = run(`
listener = socket.create_server(('${client}', 4004), family=socket.AF_INET6 if ':' in '${client}' else socket.AF_INET)
one = dial('${client}', 4004)
other, _ = listener.accept()
one.sendall(b'x' * 100000); one.shutdown(socket.SHUT_WR)
while other.recv(65536): pass
other.close(); one.recv(1); one.close(); listener.close()`)
    assert.equal(told[0]!.error, null)
    const { pid } = told[0]!
    const steps = only(facts, 'state').map(({ from, to, pid }) => `${from} ${to}${pid ? ` ${pid}` : ''}`)
    assert.deepEqual(steps, [
      `CLOSE LISTEN ${pid}`,
      `CLOSE SYN_SENT ${pid}`,
      'SYN_SENT ESTABLISHED',
      'LISTEN SYN_RECV',
      'SYN_RECV ESTABLISHED',
      `ESTABLISHED FIN_WAIT1 ${pid}`,
      'ESTABLISHED CLOSE_WAIT',
      `CLOSE_WAIT LAST_ACK ${pid}`,
      'FIN_WAIT2 CLOSE',
      'LAST_ACK CLOSE',
      `LISTEN CLOSE ${pid}`,
    ])
    assert.equal(facts.length, steps.length, JSON.stringify(facts.filter(({ fact }) => fact !== 'state')))
  })

  rootTest(`aborted: with linger 0, and with data unread (${server})`, () => {
    const { run } = bound()
    const { facts } = run(`
listener = socket.create_server(('${client}', 4005), family=socket.AF_INET6 if ':' in '${client}' else socket.AF_INET)
for linger in (True, False):
    one = dial('${client}', 4005); other, _ = listener.accept()
    one.sendall(b'x')
    if linger: other.recv(1); other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    other.close()
    try: one.recv(1)
    except OSError as problem: tell(host='', port=0, error=errno.errorcode[problem.errno])`)
    assert.deepEqual(
      only(facts, 'reset_sent').map(({ reason, active, local }) => [reason, active, local.port]),
      [
        [TELLS_RESET_REASONS ? 'TCP_STATE' : null, true, 4005],
        [TELLS_RESET_REASONS ? 'TCP_ABORT_ON_CLOSE' : null, true, 4005],
      ],
    )
    assert.deepEqual(
      only(facts, 'reset_received').map(({ remote }) => remote.port),
      [4005, 4005],
    )
    assert.deepEqual(
      only(facts, 'error').map(({ error }) => error),
      ['ECONNRESET', 'ECONNRESET'],
    )
  })
}

rootTest('the reverse path filter', () => {
  const { run, lab, inode } = bound()
  lab.in(lab.server, 'sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.skp1.rp_filter=1')
  lab.in(lab.client, 'ip addr add 10.89.0.1/32 dev lo')
  const { facts } = run(`dial('10.88.0.2', 4006, source='10.89.0.1', timeout=0.05)`)
  lab.in(lab.server, 'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.skp1.rp_filter=0')
  const [drop] = only(facts, 'drop')
  assert.deepEqual([drop?.reason, drop?.netns, drop?.src.addr], ['IP_RPFILTER', inode.server, '10.89.0.1'])
})

rootTest('calls that fail at once: the very error, the address, the caller', () => {
  const { run, lab, inode } = bound()
  const types = ['prohibit', 'blackhole', 'unreachable']
  for (const [index, type] of types.entries())
    lab.in(lab.client, `ip route add ${type} 192.0.2.${index}`, `ip -6 route add ${type} 2001:db8::${index}`)
  const { told, facts } = run(`
for host in ('192.0.2.0', '192.0.2.1', '192.0.2.2', '198.51.100.1'): dial(host, 4007)
for host in ('2001:db8::0', '2001:db8::1', '2001:db8::2', '2001:db9::1'): dial(host, 4007)
dial('198.51.100.1', 4008, kind=UDP); dial('10.88.0.255', 4008, kind=UDP)
dial('255.255.255.255', 4009); dial('::ffff:198.51.100.1', 4010)`)
  assert.deepEqual(
    told.map(({ error }) => error),
    [
      ...['EACCES', 'EINVAL', 'EHOSTUNREACH', 'ENETUNREACH'],
      ...['EACCES', 'EINVAL', 'EHOSTUNREACH', 'ENETUNREACH'],
      ...['ENETUNREACH', 'EACCES', 'ENETUNREACH', 'ENETUNREACH'],
    ],
  )
  const expected = told.map(({ host, port, error, pid }) => [
    host.replace('::ffff:', '').replace('::0', '::'),
    port,
    error,
    pid,
    'python3',
    inode.client,
    port === 4008 ? 'udp' : 'tcp',
  ])
  assert.deepEqual(
    only(facts, 'call').map(({ remote, error, pid, comm, netns, proto }) => [
      remote.addr,
      remote.port,
      error,
      pid,
      comm,
      netns,
      proto,
    ]),
    expected,
  )
})

rootTest('no port is left', () => {
  const { run, lab } = bound()
  lab.in(lab.client, 'sysctl -qw net.ipv4.ip_local_port_range="50000 50000"')
  const { told, facts } = run(`
listener = socket.create_server(('10.88.0.1', 4011))
keep = dial('10.88.0.1', 4011); dial('10.88.0.1', 4011)`)
  lab.in(lab.client, 'sysctl -qw net.ipv4.ip_local_port_range="32768 60999"')
  assert.deepEqual(
    told.map(({ error }) => error),
    [null, 'EADDRNOTAVAIL'],
  )
  assert.deepEqual(
    only(facts, 'call').map(({ error, remote }) => [error, remote]),
    [['EADDRNOTAVAIL', { addr: '10.88.0.1', port: 4011 }]],
  )
})

rootTest('SYNs that cannot be sent, SYN+ACKs that are not answered', () => {
  const { run, rules, lab, inode } = bound()
  const server = lab.serve(4013)
  const undo = [
    rules(lab.client, 'output', 'tcp dport 4012 drop'),
    rules(lab.client, 'input', 'tcp sport 4013 drop'),
  ]
  const { told, facts } = run(`
two = threading.Thread(target=dial, args=('10.88.0.2', 4013)); two.start()
dial('10.88.0.2', 4012); two.join()`)
  for (const remove of [...undo, server]) remove()
  assert.deepEqual(
    told.map(({ error }) => error),
    ['ETIMEDOUT', 'ETIMEDOUT'],
  )
  const unsent = only(facts, 'retransmit').filter(({ remote }) => remote.port === 4012)
  assert.deepEqual(
    unsent.map(({ state, error, netns }) => [state, error, netns]),
    tellsFailedRetransmissions() ? [['SYN_SENT', 'EPERM', inode.client]] : [],
  )
  const answered = only(facts, 'retransmit').find(({ remote }) => remote.port === 4013)!
  assert.deepEqual([answered.state, answered.error], ['SYN_SENT', undefined])
  const synAck = only(facts, 'retransmit_synack')[0]!
  assert.deepEqual([synAck.local, synAck.remote.addr], [{ addr: '10.88.0.2', port: 4013 }, '10.88.0.1'])
  assert.equal(synAck.netns, inode.server)
  assert.equal(synAck.remote.port, answered.local.port)
  assert.deepEqual(
    only(facts, 'error').map(({ error }) => error),
    ['ETIMEDOUT', 'ETIMEDOUT'],
  )
  assert.deepEqual(only(facts, 'call'), [])
})

rootTest('a UDP port where nobody listens, and its ICMP error dropped by a rule', () => {
  const { run, rules, lab, inode } = bound()
  const program = `
one = dial('10.88.0.2', 4014, kind=UDP); one.settimeout(0.05); one.send(b'x')
try: one.recv(1)
except OSError as problem: tell(host='', port=0, error=errno.errorcode.get(problem.errno))`
  const refused = run(program)
  assert.equal(refused.told[1]!.error, 'ECONNREFUSED')
  const [drop] = only(refused.facts, 'drop')
  assert.deepEqual([drop?.proto, drop?.reason, drop?.dst.port, drop?.flags], ['udp', 'NO_SOCKET', 4014, 0])
  assert.deepEqual([only(refused.facts, 'error')[0]?.error, drop?.netns], ['ECONNREFUSED', inode.server])
  const undo = rules(lab.client, 'input', 'meta l4proto icmp drop')
  const { told, facts } = run(program)
  undo()
  assert.equal(told[1]!.error, null)
  const icmp = only(facts, 'drop').find(({ icmp }) => icmp)!
  assert.deepEqual(
    [icmp.proto, icmp.src.addr, icmp.dst, icmp.reason, icmp.netns, icmp.iface],
    ['udp', '10.88.0.1', { addr: '10.88.0.2', port: 4014 }, 'NETFILTER_DROP', inode.client, 'skp0'],
  )
})

/** The lab, which is there where root tests run. */
function bound() {
  const here = lab!
  return {
    lab: here,
    inode: here.inode,
    run: here.run.bind(here),
    rules: here.rules.bind(here),
  }
}

rootTest('plain tracepoints tell the same but for the namespace and what needs BPF', () => {
  const plain = new KernelLab('perf')
  try {
    const program = `dial('10.88.0.2', 4015)\ndial('fd88::2', 4015)`
    const told = only(plain.run(program).facts, 'state').length
    const strip = (facts: KernelFact[]): object[] =>
      facts.flatMap((fact) => {
        if (fact.fact === 'drop') return []
        const { at, netns, local, ...rest } = fact
        return [
          {
            ...rest,
            local: local.addr,
            ...(fact.fact === 'state' && { socket: 0, pid: fact.pid !== undefined }),
          },
        ]
      })
    const ports = (text: object[]): string => JSON.stringify(text).replaceAll(/"port":\d{5}/g, '"port":0')
    assert.equal(told, 4)
    assert.equal(ports(strip(plain.run(program).facts)), ports(strip(bound().run(program).facts)))
  } finally {
    plain.close()
  }
})

rootTest(
  'the namespace that this process is in has its number too, also where it is the machine’s first',
  async () => {
    const plane = openKernelPlane()
    try {
      const listener = createServer().listen(0, '127.0.0.1')
      await once(listener, 'listening')
      const { port } = listener.address() as AddressInfo
      listener.close()
      await once(listener, 'close')
      const [error] = await once(connect(port, '127.0.0.1'), 'error')
      assert.equal(error.code, 'ECONNREFUSED')
      const facts: KernelFact[] = []
      plane.drain((fact) => facts.push(fact))
      const states = only(facts, 'state').filter(({ remote, local }) =>
        [remote.port, local.port].includes(port),
      )
      assert.deepEqual(
        states.map(({ to, netns }) => [to, netns]),
        [
          ['LISTEN', currentNetns()],
          ['CLOSE', currentNetns()],
          ['SYN_SENT', currentNetns()],
          ['CLOSE', currentNetns()],
        ],
      )
    } finally {
      plane.close()
    }
  },
)

rootTest('nothing stays: programs go with close(), and with a process that is killed', async () => {
  const program = `import { openKernelPlane } from '${resolve('src/host/kernel/kernel-plane.ts')}'
const plane = openKernelPlane()
console.log('open')
process.stdin.once('data', () => { plane.close(); console.log('closed') })
setInterval(() => {}, 1000)`
  for (const end of ['close', 'kill']) {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let programs: number[] = []
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      assert.equal((await lines.next()).value, 'open')
      programs = programsOf(child.pid!)
      assert.equal(programs.length, 8)
      assert.ok(programs.every(isLoaded))
      if (end === 'close') {
        child.stdin.write('close\n')
        assert.equal((await lines.next()).value, 'closed')
        assert.deepEqual(programsOf(child.pid!), [])
      }
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    // They are freed after a grace period of RCU.
    while (programs.some(isLoaded)) await setTimeout(5)
  }
})

/** Numbers of the BPF programs that a process holds. */
function programsOf(pid: number): number[] {
  const texts = readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
  )
  // A link tells of its program too, but has no type of program.
  const ids = texts
    .filter((text) => text.includes('prog_type:'))
    .map((text) => /^prog_id:\t(\d+)$/m.exec(text)?.[1])
  return ids.filter((id) => id !== undefined).map(Number)
}

function isLoaded(id: number): boolean {
  const attributes = new Uint8Array(16)
  new DataView(attributes.buffer).setUint32(0, id, true)
  const fd = bpf(BPF_PROG_GET_FD_BY_ID, attributes, 16)
  if (fd !== -1) close(fd)
  return fd !== -1
}
