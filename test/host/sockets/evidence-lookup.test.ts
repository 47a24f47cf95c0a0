import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { after, before } from 'node:test'
import { netnsInode } from '../../../src/host/netns.ts'
import {
  EvidenceLookup,
  type EvidenceQuery,
  type SocketPlane,
} from '../../../src/host/sockets/evidence-lookup.ts'
import type { SocketEvidence } from '../../../src/sockets/socket-evidence.ts'
import { runCommand } from '../../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../../support/root.ts'

const CLIENT = `ske-client-${process.pid}`
const SERVER = `ske-server-${process.pid}`
const ROUTER = `ske-router-${process.pid}`
const children: ChildProcess[] = []
let lookup: EvidenceLookup

/** Listens on each `ADDRESS PORT [v6only]`, says so, and stays. */
const LISTEN = `
const { createServer } = require('node:net')
let open = 0
for (const place of process.argv.slice(1)) {
  const [host, port, only] = place.split(' ')
  createServer().listen({ host, port: Number(port), ipv6Only: only !== undefined }, () => {
    if (++open === process.argv.length - 1) console.log('listening')
  })
}`

function must(...command: string[]): void {
  const { status, stderr } = runCommand(command)
  assert.equal(status, 0, `${command.join(' ')}: ${stderr}`)
}

function ip(netns: string, command: string): void {
  must('ip', '-n', netns, ...command.split(' '))
}

function nft(netns: string, rules: string): void {
  const { status, stderr } = spawnSync('ip', ['netns', 'exec', netns, 'nft', '-f', '-'], {
    input: `flush ruleset\n${rules}`,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
}

async function listen(netns: string, ...places: string[]): Promise<number> {
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', LISTEN, ...places])
  children.push(child)
  await once(child.stdout!, 'data')
  return child.pid!
}

function netns(): { client: number; server: number } {
  return { client: netnsInode(CLIENT)!, server: netnsInode(SERVER)! }
}

function ask(server: string, port: number, query: Partial<EvidenceQuery> = {}): SocketEvidence {
  const client = server.includes(':') ? 'fd09::1' : '10.9.0.1'
  const found = lookup.sockets({
    proto: 'tcp',
    client: { addr: client, port: 40_000 },
    server: { addr: server, port },
    here: { client: true, server: true },
    netns: netns(),
    ...query,
  })
  assert.ok(found.watched, JSON.stringify(found))
  return found
}

before(async () => {
  if (!isRoot) return
  for (const name of [CLIENT, SERVER]) {
    must('ip', 'netns', 'add', name)
    ip(name, 'link set lo up')
  }
  ip(CLIENT, `link add v type veth peer name v netns ${SERVER}`)
  for (const [name, host] of [
    [CLIENT, '1'],
    [SERVER, '2'],
  ] as const) {
    ip(name, `addr add 10.9.0.${host}/24 dev v`)
    ip(name, `addr add fd09::${host}/64 dev v nodad`)
    ip(name, 'link set v up')
  }
  await listen(SERVER, '127.0.0.1 37001', ':: 37002 v6only', '0.0.0.0 37003', ':: 37004')
  lookup = new EvidenceLookup()
})

after(() => {
  for (const child of children) child.kill('SIGKILL')
  lookup?.close()
  if (isRoot) for (const name of [CLIENT, SERVER, ROUTER]) runCommand(['ip', 'netns', 'delete', name])
})

rootTest('listeners: address, family, v6only, namespace and owner', () => {
  const cases = [
    ['10.9.0.2', 37001, false],
    ['10.9.0.2', 37002, false],
    ['fd09::2', 37002, true],
    ['10.9.0.2', 37003, true],
    ['fd09::2', 37003, false],
    ['10.9.0.2', 37004, true],
    ['fd09::2', 37004, true],
  ] as const
  for (const [addr, port, accepts] of cases) {
    const { listeners, everyNetns } = ask(addr, port)
    assert.equal(listeners.length, 1, JSON.stringify(listeners))
    const [listener] = listeners
    assert.deepEqual(
      [listener!.accepts, listener!.sameNetns, listener!.netnsName, listener!.process?.comm],
      [accepts, true, SERVER, 'node'],
      `${addr} ${port}`,
    )
    assert.equal(listener!.process?.attribution, 'socket')
    assert.ok(everyNetns)
  }
  assert.deepEqual(ask('10.9.0.2', 37009).listeners, [])
})

rootTest('a UDP socket is no younger than what is known: only TCP says when it began to listen', async () => {
  const bind =
    "require('node:dgram').createSocket('udp4').bind(37010, '10.9.0.2', () => console.log('bound'))"
  const child = spawn('ip', ['netns', 'exec', SERVER, process.execPath, '-e', bind])
  children.push(child)
  await once(child.stdout!, 'data')
  await listen(SERVER, '10.9.0.2 37010')
  const { server } = netns()
  lookup.fact({
    ...{ fact: 'state', at: 10, netns: server, proto: 'tcp', socket: 1, from: 'CLOSE', to: 'LISTEN' },
    ...{ local: { addr: '10.9.0.2', port: 37010 }, remote: { addr: '0.0.0.0', port: 0 } },
  })
  for (const [proto, younger] of [
    ['tcp', true],
    ['udp', undefined],
  ] as const) {
    const { listeners } = ask('10.9.0.2', 37010, { proto, began: 5 })
    assert.deepEqual(
      listeners.map((listener) => listener.younger),
      [younger],
      proto,
    )
  }
})

rootTest(
  'the SYN queue of each listener on a port is counted, also when one is asked for right after another',
  async () => {
    await listen(CLIENT, '10.9.0.1 37006')
    await listen(SERVER, '10.9.0.2 37006', 'fd09::2 37006')
    const { now } = performance
    const then = now.call(performance)
    // What was found is used again for a moment.
    performance.now = () => then
    try {
      const { client, server } = netns()
      for (const [addr, port, inode] of [
        ['10.9.0.2', 37006, server],
        ['fd09::2', 37006, server],
        ['10.9.0.1', 37006, client],
      ] as const) {
        const { listeners } = ask(addr, port, { netns: { client, server: inode } })
        const taking = listeners.filter(({ accepts, sameNetns }) => accepts && sameNetns)
        assert.deepEqual(
          taking.map(({ socket: { local, listen } }) => [local.addr, listen?.syn_queue]),
          [[addr, 0]],
        )
      }
    } finally {
      performance.now = now
    }
  },
)

rootTest('listeners of another namespace are told apart, and whether the dialled address leads there', () => {
  const { client } = netns()
  const here = { client: true, server: true }
  const loopback = ask('127.0.0.1', 37001, {
    client: { addr: '127.0.0.1', port: 40_000 },
    here,
    netns: { client, server: client },
  })
  assert.deepEqual(
    loopback.listeners.map(({ sameNetns, accepts, reachable }) => [sameNetns, accepts, reachable]),
    [[false, true, false]],
  )
  const veth = ask('10.9.0.2', 37003, { netns: { client, server: client } })
  assert.equal(veth.listeners[0]!.reachable, true)
  // Without being told, the server's namespace is the one that has its address.
  assert.equal(ask('10.9.0.2', 37003, { netns: { client } }).listeners[0]!.sameNetns, true)
  assert.equal(lookup.netnsOf('10.9.0.2')?.name, SERVER)
  assert.equal(lookup.netnsOf('127.0.0.1'), undefined)
  assert.ok(lookup.isHere('10.9.0.2', netns().server))
  assert.ok(!lookup.isHere('10.9.0.2', client))
  assert.ok(lookup.isHere('127.9.9.9'))
})

rootTest('routes: each kind with the error that connect() gets, IPv4 and IPv6', () => {
  for (const [kind, v4, v6] of [
    ['unreachable', '10.10.1.0/24', 'fd10:1::/64'],
    ['blackhole', '10.10.2.0/24', 'fd10:2::/64'],
    ['prohibit', '10.10.3.0/24', 'fd10:3::/64'],
  ] as const) {
    ip(CLIENT, `route add ${kind} ${v4}`)
    ip(CLIENT, `route add ${kind} ${v6}`)
  }
  ip(CLIENT, 'route add 10.10.5.0/24 via 10.9.0.2')
  const cases = [
    ['10.10.1.1', 'fd10:1::1', { kind: 'unreachable', error: 'EHOSTUNREACH' }],
    ['10.10.2.1', 'fd10:2::1', { kind: 'blackhole', error: 'EINVAL' }],
    ['10.10.3.1', 'fd10:3::1', { kind: 'prohibit', error: 'EACCES' }],
    ['10.10.4.1', 'fd10:4::1', { kind: 'none', error: 'ENETUNREACH' }],
  ] as const
  const here = { client: true, server: false }
  for (const [v4, v6, expected] of cases) {
    assert.deepEqual(ask(v4, 80, { here }).route, expected)
    assert.deepEqual(ask(v6, 80, { here }).route, expected)
  }
  const routed = ask('10.10.5.1', 80, { here }).route
  assert.deepEqual(
    [routed?.kind, routed?.iface, routed?.gateway, routed?.source],
    ['unicast', 'v', '10.9.0.2', '10.9.0.1'],
  )
  assert.equal(ask('10.9.0.1', 80, { here }).route?.kind, 'local')
})

rootTest('neighbours: the state of the next hop', async () => {
  const here = { client: true, server: false }
  ip(CLIENT, 'neigh add 10.9.0.77 dev v nud failed')
  ip(CLIENT, 'neigh add fd09::77 dev v lladdr 02:00:00:00:00:77 nud permanent')
  assert.equal(ask('10.9.0.77', 80, { here }).route?.neighbor, 'FAILED')
  const permanent = ask('fd09::77', 80, { here }).route
  assert.deepEqual([permanent?.neighbor, permanent?.neighborAddress], ['PERMANENT', '02:00:00:00:00:77'])
  assert.equal(ask('10.9.0.78', 80, { here }).route?.neighbor, undefined)
  const dial = `
    require('node:net').connect(80, '10.9.0.79').on('error', () => {})
    setImmediate(() => console.log('called'))`
  const child = spawn('ip', ['netns', 'exec', CLIENT, process.execPath, '-e', dial])
  children.push(child)
  await once(child.stdout!, 'data')
  // FAILED after three questions, a second apart.
  assert.match(ask('10.9.0.79', 80, { here }).route?.neighbor ?? '', /^(?:INCOMPLETE|FAILED)$/)
})

rootTest('ports: how many are in use towards a destination, without the reserved ones', async () => {
  must('ip', 'netns', 'exec', CLIENT, 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=50000 50009')
  must('ip', 'netns', 'exec', CLIENT, 'sysctl', '-qw', 'net.ipv4.ip_local_reserved_ports=50001,50008-50100')
  const dial = `
    const { connect } = require('node:net')
    let up = 0
    for (let i = 0; i < 4; i++)
      connect(37003, '10.9.0.2').on('connect', () => { if (++up === 4) console.log('up') })`
  const child = spawn('ip', ['netns', 'exec', CLIENT, process.execPath, '-e', dial])
  children.push(child)
  await once(child.stdout!, 'data')
  const unknown = { client: { addr: '0.0.0.0', port: 0 } }
  const { ports, sysctls } = ask('10.9.0.2', 37003, unknown)
  assert.deepEqual(ports, { used: 4, available: 7, timeWait: 0 })
  assert.equal(sysctls['net.ipv4.ip_local_port_range'], '50000 50009')
  assert.equal(sysctls['net.core.somaxconn'], '4096')
  assert.deepEqual(ask('10.9.0.2', 37001, unknown).ports, { used: 0, available: 7, timeWait: 0 })
  assert.equal(ask('10.9.0.2', 37003).ports, undefined)
})

rootTest('own sockets at both ends', async () => {
  const dial = `
    const socket = require('node:net').connect(37003, '10.9.0.2')
    socket.on('connect', () => console.log(socket.localPort))`
  const child = spawn('ip', ['netns', 'exec', CLIENT, process.execPath, '-e', dial])
  children.push(child)
  const [text] = (await once(child.stdout!, 'data')) as [Buffer]
  const found = ask('10.9.0.2', 37003, { client: { addr: '10.9.0.1', port: Number(text) } })
  const { client, server } = found
  assert.deepEqual([client?.state, server?.state], ['ESTABLISHED', 'ESTABLISHED'])
  assert.ok(client?.tcp?.['tcpi_snd_mss'])
  assert.equal(server?.remote.port, Number(text))
  assert.deepEqual([found.route?.source, found.returnRoute?.source], ['10.9.0.1', '10.9.0.2'])
})

rootTest('packet filter: rules with handles and policies, at each end', async () => {
  nft(
    CLIENT,
    'table inet f {\n chain o {\n type filter hook output priority 0;\n tcp dport 37003 drop\n }\n}',
  )
  nft(
    SERVER,
    'table ip f {\n chain i {\n type filter hook input priority 0; policy drop;\n tcp dport 37001 reject with tcp reset\n }\n}',
  )
  // Rules are used for a second: a new lookup reads them now.
  const fresh = new EvidenceLookup()
  try {
    const evidence = (port: number): SocketEvidence => {
      const found = fresh.sockets({
        proto: 'tcp',
        client: { addr: '10.9.0.1', port: 40_000 },
        server: { addr: '10.9.0.2', port },
        here: { client: true, server: true },
        netns: netns(),
      })
      assert.ok(found.watched)
      return found
    }
    const shown = (port: number): unknown[] =>
      evidence(port).firewall.map(({ end, hook, family, table, chain, handle, action, policy, uncertain }) =>
        [end, hook, family, table, chain, handle > 0, action, policy ?? false, uncertain ?? false].join(' '),
      )
    assert.deepEqual(shown(37003), [
      'client output inet f o true drop false false',
      'server input ip f i false drop true false',
    ])
    assert.deepEqual(shown(37001), ['server input ip f i true reject false false'])
    assert.equal(evidence(37003).firewallUnknown, undefined)
    const listed = runCommand(['ip', 'netns', 'exec', CLIENT, 'nft', '-a', 'list', 'ruleset']).stdout
    const [rule] = evidence(37003).firewall
    assert.ok(listed.includes(`${rule!.text} # handle ${rule!.handle}`), listed)
  } finally {
    fresh.close()
    for (const name of [CLIENT, SERVER]) nft(name, '')
  }
})

rootTest('a published port leads to the listener behind it', () => {
  const { client } = netns()
  nft(
    CLIENT,
    'table ip n {\n chain p {\n type nat hook output priority -100;\n tcp dport 8080 dnat to 10.9.0.2:37003\n }\n}',
  )
  const fresh = new EvidenceLookup()
  try {
    const found = fresh.sockets({
      proto: 'tcp',
      client: { addr: '10.9.0.1', port: 40_000 },
      server: { addr: '10.9.0.1', port: 8080 },
      here: { client: true, server: true },
      netns: { client, server: client },
    })
    assert.ok(found.watched)
    const [listener] = found.listeners
    assert.deepEqual(
      [listener?.socket.local.port, listener?.sameNetns, listener?.accepts, listener?.netnsName],
      [37003, true, true, SERVER],
    )
  } finally {
    fresh.close()
    nft(CLIENT, '')
  }
})

rootTest('counters of a namespace move with what happens in it', () => {
  const { client } = netns()
  const before = lookup.counters(client)!
  assert.equal(typeof before['ListenOverflows'], 'number')
  assert.equal(typeof before['Ip6OutNoRoutes'], 'number')
  runCommand([
    'ip',
    'netns',
    'exec',
    CLIENT,
    process.execPath,
    '-e',
    "require('node:net').connect(9, '127.0.0.1').on('error', () => {})",
  ])
  const moved = lookup.counters(client)!
  assert.equal(moved['OutRsts']! - before['OutRsts']!, 1)
  assert.equal(moved['AttemptFails']! - before['AttemptFails']!, 1)
  assert.equal(lookup.counters(1), undefined)
})

/** Asks in a process of its own whose namespace is `netns`. */
function askIn(netns: string, query: Partial<EvidenceQuery>, user: readonly string[] = []): SocketEvidence {
  const found = answerIn(netns, query, user)
  assert.ok(found.watched)
  return found
}

function answerIn(netns: string, query: Partial<EvidenceQuery>, user: readonly string[]): SocketPlane {
  const whole = {
    proto: 'tcp',
    client: { addr: '127.0.0.1', port: 40_000 },
    server: { addr: '127.0.0.1', port: 37_001 },
    here: { client: true, server: true },
    netns: {},
    ...query,
  }
  const script = `
    import { EvidenceLookup } from ${JSON.stringify(new URL('../../../src/host/sockets/evidence-lookup.ts', import.meta.url).href)}
    const lookup = new EvidenceLookup()
    console.log(JSON.stringify(lookup.sockets(${JSON.stringify(whole)})))
    lookup.close()`
  const { stdout, stderr } = runCommand([
    ...['ip', 'netns', 'exec', netns, ...user, process.execPath, '--import', 'tsx'],
    ...['--input-type=module', '-e', script],
  ])
  assert.ok(stdout.startsWith('{'), stderr)
  return JSON.parse(stdout) as SocketPlane
}

rootTest('an ordinary user learns what the own namespace tells, and what is missing', () => {
  const found = askIn(SERVER, {}, NOBODY)
  assert.equal(found.everyNetns, false)
  assert.match(found.firewallUnknown ?? '', /may not be read; run it with sudo.*cap_net_admin/)
  assert.deepEqual(
    found.listeners.map(({ accepts, sameNetns, process }) => [accepts, sameNetns, process]),
    [[true, true, undefined]],
  )
  assert.equal(found.route?.kind, 'local')
})

rootTest(
  'a namespace that may not be entered was not watched: it does not pass for one without listeners',
  () => {
    const away = { client: { addr: '10.9.0.1', port: 40_000 }, server: { addr: '10.9.0.2', port: 37_003 } }
    const found = answerIn(CLIENT, { ...away, netns: netns() }, NOBODY)
    assert.ok(!found.watched)
    assert.match(found.why, /namespace of the server cannot be looked into/)
  },
)

rootTest('rules of a namespace between the ends', () => {
  must('ip', 'netns', 'add', ROUTER)
  nft(
    ROUTER,
    'table inet r {\n chain f {\n type filter hook forward priority 0;\n tcp dport 37003 drop\n }\n}',
  )
  const ends = { client: { addr: '10.9.0.1', port: 40_000 }, netns: netns() }
  const found = askIn(ROUTER, { ...ends, server: { addr: '10.9.0.2', port: 37_003 } })
  assert.deepEqual(
    found.firewall.map(({ hook, table, action, uncertain }) => [hook, table, action, uncertain]),
    [['forward', 'r', 'drop', undefined]],
  )
  assert.deepEqual(askIn(ROUTER, { ...ends, server: { addr: '10.9.0.2', port: 37_004 } }).firewall, [])
})
