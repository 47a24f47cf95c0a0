import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DnsAnswers, resolve } from '../../../src/cli/connect/resolve.ts'
import { EXIT, UserError } from '../../../src/user-error.ts'
import type { DnsMessage } from '../../../src/wire/dns.ts'

/** The answer to a question, without an address. */
function failed(name: string, rcode: number): DnsMessage {
  return { isResponse: true, rcode, question: { name, type: 1 }, answers: [] } as unknown as DnsMessage
}

test('DNS answers: the last that had no address of the name, whatever its case', () => {
  const answers = new DnsAnswers('Right.lab.')
  answers.add([failed('other.lab', 3)], '10.0.0.53')
  assert.equal(answers.failure, undefined)
  answers.add([failed('right.LAB', 2), { ...failed('right.lab', 3), isResponse: false }], '10.0.0.53')
  assert.match(answers.failure!, /^the DNS server 10\.0\.0\.53 answered SERVFAIL/)
})

test('DNS answers: what the machine asks beside is not kept', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const answers = new DnsAnswers('right.lab')
  const others = ['other.lab', 'right.lab'].map((name) => {
    const message = failed(name, 3)
    answers.add([message], '10.0.0.53')
    return new WeakRef(message)
  })
  await turn()
  collect()
  assert.deepEqual(
    others.map((message) => message.deref()),
    [undefined, undefined],
  )
  assert.match(answers.failure!, /NXDOMAIN/)
})

for (const [what, host, options, message] of [
  [
    'IPv4 where IPv6 is asked for',
    '127.0.0.1',
    { ipv6: true },
    /127\.0\.0\.1 over IPv6: it is an IPv4 address/,
  ],
  ['IPv6 where IPv4 is asked for', '::1', { ipv4: true }, /::1 over IPv4: it is an IPv6 address/],
  ['link-local without its interface', 'FE80:0:0::1', {}, /a link-local address needs its interface/],
] as const)
  test(`no address to dial: ${what}`, async () => {
    await assert.rejects(
      resolve({ host, port: 80 }, options, async () => undefined),
      (error) => error instanceof UserError && error.exitCode === EXIT.usage && message.test(error.message),
    )
  })

test('an address that is asked for as it is', async () => {
  for (const [host, options, addr] of [
    ['127.0.0.1', { ipv4: true }, '127.0.0.1'],
    ['::1', { ipv6: true }, '::1'],
    ['::1', { ipv4: true, ipv6: true }, '::1'],
    ['fe80::1', { interface: 'lo' }, 'fe80::1'],
  ] as const)
    assert.deepEqual(await resolve({ host, port: 80 }, options, async () => undefined), [{ addr }])
})
