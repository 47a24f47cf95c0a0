import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseFilter } from '../../src/sockets/filter.ts'
import type { SocketRecord, SocketState } from '../../src/sockets/socket.ts'
import { UserError } from '../../src/user-error.ts'
import { tcpSocket } from '../support/socket-fixtures.ts'

/** A name may have one protocol only, or different ports by protocol. */
const SERVICES = new Map([
  ['https/tcp', 443],
  ['https/udp', 443],
  ['syslog/udp', 514],
  ['odd/tcp', 1],
  ['odd/udp', 2],
])
const NAMES = {
  servicePort: (name: string, transport: 'tcp' | 'udp') => SERVICES.get(`${name}/${transport}`),
  interfaceName: (index: number) => (index === 2 ? 'eth0' : undefined),
  ephemeralPorts: () => [32_768, 60_999] as const,
}

const socket = (changes: Partial<SocketRecord> = {}): SocketRecord =>
  tcpSocket({
    send_q: 10,
    uid: 33,
    user: 'www-data',
    processes: [
      { pid: 77, comm: 'nginx', fd: 3 },
      { pid: 78, comm: 'nginx', fd: 3 },
    ],
    ...changes,
  })

const matches = (filter: string, record = socket()): boolean => parseFilter([filter], NAMES).matches(record)

const UNIX = socket({
  netid: 'unix',
  family: 'unix',
  local: { path: '/tmp/.X11-unix/X0', inode: 1 },
  remote: { inode: 2 },
})

for (const [filter, expected, record] of [
  ['autobound', true],
  ['autobound', false, socket({ local: { addr: '::', port: 80 } })],
  ['cgroup = /sys/fs/cgroup/a/b/', true, socket({ cgroup: '/a/b' })],
  ['cgroup != /a', true, socket({ cgroup: '/a/b' })],
  ['retrans > 3', true, socket({ tcp: { tcpi_total_retrans: 4 } })],
  ['retrans > 3', false],
  ['rtt >= 1.5ms', true, socket({ tcp: { tcpi_rtt: 1500 } })],
  ['rtt < 1s', false, socket({ tcp: { tcpi_rtt: 0 } })],
  ['netns = 1', true],
  ['', true],
  ['dport = :443', true],
  ['dport :443', true],
  ['dport 443', true],
  ['dport = :https', true],
  ['dport=:443', true],
  ['dport == 0x1bb', true],
  ['dport eq :443 and sport gt :1024', true],
  ['dport != :443', false],
  ['dport neq :80', true],
  ['sport < :50000', false],
  ['sport <= :50000', true],
  ['sport ge :50000', true],
  ['dport = :syslog', false],
  ['dport != :syslog', true],
  ['sport = :odd', true, socket({ local: { addr: '10.0.0.1', port: 1 } })],
  ['sport = :odd', true, socket({ netid: 'udp', local: { addr: '10.0.0.1', port: 2 } })],
  ['(dport=:443)', true],
  ['( dport = :80 or dport = :443 ) and src 10/8', true],
  ['dport = :80 or dport = :443 and src 11/8', false],
  ['dport = :443 or dport = :80 and src 11/8', true],
  ['not dport = :80 and not dport = :22', true],
  ['! ( dport = :443 )', false],
  ['!dport = :443', false],
  ['dport = :443 src 10.1.2.3', true],
  ['dport = :443 && src 10.1.2.3 || dport = :1', true],
  ['dport = :1 | dport = :443 & sport = :50000', true],
  ['dst 192.0.2.0/24', true],
  ['dst 192.0.2.0/24:443', true],
  ['dst 192.0.2.0/24:80', false],
  ['dst = 192.0.2.7:https', true],
  ['dst != 192.0.2.7', false],
  ['dst 192.0.2.6/31', true],
  ['dst 0.0.0.0/0', true],
  ['dst *', true],
  ['dst *:443', true],
  ['dst :443', true],
  ['dst [::1]', false],
  ['src 10.1/16', true],
  ['dst 192.0.2.7', true, socket({ family: 'inet6', remote: { addr: '::ffff:192.0.2.7', port: 1 } })],
  ['dst [::ffff:192.0.2.7]', false],
  ['dst 2001:db8::/32', true, socket({ remote: { addr: '2001:db8::7', port: 443 } })],
  ['dst [2001:db8::]/32:443', true, socket({ remote: { addr: '2001:db8::7', port: 443 } })],
  ['dst [2001:db8::/32]:80', false, socket({ remote: { addr: '2001:db8::7', port: 443 } })],
  ['dst ::1', true, socket({ remote: { addr: '::1', port: 443 } })],
  ['src /tmp/.X11-unix/*', true, UNIX],
  ['src unix:/TMP/*/x?', true, UNIX],
  ['src /tmp/*', false],
  ['src 10.1.2.3', false, UNIX],
  ['sport = :50000', false, UNIX],
  ['dev eth0', true, socket({ iface: 'eth0' })],
  ['dev = 2', true, socket({ iface: 'eth0' })],
  ['dev != eth0', true],
  ['fwmark = 0x01/0x03', true, socket({ mark: 5 })],
  ['fwmark = 1', false, socket({ mark: 5 })],
  ['fwmark 0xffffffff', true, socket({ mark: 0xffffffff })],
  ['fwmark != 1', true],
  ['pid = 78', true],
  ['pid != 78', false],
  ['pid > 77', true],
  ['pid != 5', true, socket({ processes: [] })],
  ['comm = nginx', true],
  ['comm = ngin*', true],
  ['comm = ngin', false],
  ['comm != nginx', false],
  ['comm = "(sd-pam)"', true, socket({ processes: [{ pid: 1, comm: '(sd-pam)', fd: 1 }] })],
  ['user = www-data', true],
  ['user = 33', true],
  ['user != root', true],
  ['recv_q > 0', false],
  ['send_q >= 10', true],
  ['state established', true],
  ['state listen dport = :443', false],
  ['state listen state estab dport = :443', true],
  ['exclude estab', false],
  ['state connected exclude established', false],
  ['not state time-wait', true],
  ['state listen or state established', true],
] as const)
  test(`"${filter}" ${expected ? 'matches' : 'does not match'}${record === undefined ? '' : ' its record'}`, () => {
    assert.equal(matches(filter, record), expected)
  })

const SPELLINGS: Readonly<Partial<Record<SocketState, string>>> = {
  ESTABLISHED: 'ESTAB established ESTABLISHED',
  SYN_SENT: 'syn-sent SYN_SENT synsent',
  SYN_RECV: 'syn-recv SYN_RECV synrecv Syn-Recv',
  FIN_WAIT1: 'fin-wait-1 FIN_WAIT1 FIN_WAIT_1 finwait1',
  FIN_WAIT2: 'fin-wait-2 FIN_WAIT2',
  TIME_WAIT: 'time-wait TIME_WAIT timewait',
  CLOSE: 'close closed CLOSE unconn unconnected',
  UNCONN: 'close closed UNCONN',
  CLOSE_WAIT: 'close-wait CLOSE_WAIT',
  LAST_ACK: 'last-ack LAST_ACK',
  LISTEN: 'listen listening LISTEN',
  CLOSING: 'closing CLOSING',
  NEW_SYN_RECV: 'new-syn-recv NEW_SYN_RECV synrecv',
  BOUND_INACTIVE: 'bound-inactive BOUND_INACTIVE',
}
for (const [state, spellings] of Object.entries(SPELLINGS))
  test(`spellings of ${state}`, () => {
    for (const spelling of spellings.split(' '))
      assert.ok(matches(`state ${spelling}`, socket({ state: state as SocketState })), spelling)
  })

test('words may come as one argument or many', () => {
  const words = ['state', 'established', '(', 'dport', '=', ':443', 'or', 'sport', '=', ':443', ')']
  assert.ok(parseFilter(words, NAMES).matches(socket()))
  assert.ok(parseFilter([words.slice(0, 2).join(' '), words.slice(2).join(' ')], NAMES).matches(socket()))
})

test('it says what it needs', () => {
  const facts = (filter: string): boolean[] => {
    const { namesStates, needs } = parseFilter([filter], NAMES)
    return [namesStates, needs.processes]
  }
  assert.deepEqual(facts('dport = :443'), [false, false])
  assert.deepEqual(facts('not state listen'), [true, false])
  assert.deepEqual(facts('dport = :443 or ( pid = 1 )'), [false, true])
  assert.deepEqual(facts('comm = x'), [false, true])
})

test('200 levels of nesting are read, more are refused with a sentence that stays short', () => {
  const nest = (open: string, levels: number): string =>
    `${open.repeat(levels)}dport = :443${open === '(' ? ')'.repeat(levels) : ''}`
  for (const open of ['(', 'not ']) {
    parseFilter([nest(open, 200)], NAMES)
    for (const levels of [201, 100_000])
      assert.throws(
        () => parseFilter([nest(open, levels)], NAMES),
        (error) =>
          error instanceof UserError &&
          error.message.endsWith(': it is nested deeper than 200 levels') &&
          error.message.length < 600,
      )
  }
})

for (const [filter, problem, caret] of [
  ['dport = or sport = :22', 'expected a port such as :443 or :https', 8],
  ['dport = :nosuch', 'expected a port such as :443 or :https', 8],
  ['dport = :65536', 'expected a port such as :443 or :https', 8],
  ['( dport = :443', 'expected ")"', 14],
  ['dport = :443 )', 'nothing is open that this could close', 13],
  ['dport = :443 and', 'it ends where a predicate is expected', 16],
  ['state', 'expected a state or one of all, connected, synchronized, bucket, big', 5],
  ['state sleeping', 'expected a state or one of all, connected, synchronized, bucket, big', 6],
  ['dst nowhere', 'expected an address such as 10.0.0.0/8, [::1]:443 or *:443', 4],
  ['dst 10.0.0.0/33', 'expected an address such as 10.0.0.0/8, [::1]:443 or *:443', 4],
  ['src > 10.0.0.1', '"src" takes only = or !=', 4],
  ['comm < x', '"comm" takes only = or !=', 5],
  ['pid = many', 'expected a pid', 6],
  ['pid = ""', 'expected a pid', 6],
  ['comm ""', 'expected a name', 5],
  ['container ""', "expected a container's name or id", 10],
  ['fwmark = a/b', 'expected a mark such as 0x1 or 0x1/0xff', 9],
] as const)
  test(`"${filter}" is refused at character ${caret}`, () => {
    assert.throws(
      () => parseFilter([filter], NAMES),
      (error) => {
        assert.ok(error instanceof UserError)
        assert.equal(error.exitCode, 2)
        assert.equal(
          error.message,
          `Cannot read the filter at the ^ in "${filter.slice(0, caret)}^${filter.slice(caret)}": ${problem}`,
        )
        return true
      },
    )
  })

test('a word that every object has is a word', () => {
  for (const word of ['constructor', 'toString', '__proto__'])
    assert.equal(matches(`comm = ${word}`), false, word)
})

test('an unknown predicate names those that there are', () => {
  assert.throws(
    () => parseFilter(['port', '=', ':22'], NAMES),
    /expected one of state, exclude, src, dst, sport/,
  )
})

for (const [words, hint] of [
  [':22', "who uses port 22: 'sport = :22 or dport = :22'"],
  ['22', "who uses port 22: 'sport = :22 or dport = :22'"],
  ['port 22', "who uses port 22: 'sport = :22 or dport = :22'"],
  ['state established port = :1', "who uses port 443: 'sport = :443 or dport = :443'"],
  ['10.0.0.0/8', "who is connected to it: 'dst 10.0.0.0/8'"],
] as const)
  test(`the hint for "${words}" is in the words of the language`, () => {
    assert.throws(
      () => parseFilter([words], NAMES),
      (error) => error instanceof UserError && error.hint === hint,
    )
  })

test('any words: a predicate or a UserError, and the caret stands in the text', () => {
  const word = fc.constantFrom(
    ...'( ) ! not and && or | = != < >= state exclude established dport sport src dst pid comm dev :443 10/8 [::1] "'.split(
      ' ',
    ),
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 }))), (words) => {
      try {
        parseFilter(words, NAMES).matches(socket())
      } catch (error) {
        assert.ok(error instanceof UserError)
        const { message } = error
        const source = words.join(' ')
        const marked = (at: number): string => `"${source.slice(0, at)}^${source.slice(at)}"`
        assert.ok(
          Array.from({ length: source.length + 1 }, (_, at) => marked(at)).some((text) =>
            message.includes(text),
          ),
        )
      }
    }),
  )
})

test('"not", "and", "or" obey De Morgan', () => {
  const primary = fc.constantFrom('dport = :443', 'sport = :1', 'state listen', 'pid = 77', 'src 10/8')
  fc.assert(
    fc.property(primary, primary, (a, b) => {
      assert.equal(matches(`not ( ${a} and ${b} )`), matches(`not ${a} or not ${b}`))
      assert.equal(matches(`not ( ${a} or ${b} )`), matches(`not ${a} not ${b}`))
    }),
  )
})
