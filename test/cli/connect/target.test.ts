import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTarget } from '../../../src/cli/connect/target.ts'
import { UserError } from '../../../src/user-error.ts'

const good: [args: [string, string?], host: string, port: number][] = [
  [['example.com:443'], 'example.com', 443],
  [['example.com', '443'], 'example.com', 443],
  [['10.0.0.1:1'], '10.0.0.1', 1],
  [['[::1]:65535'], '::1', 65_535],
  [['[fe80::1%eth0]:80'], 'fe80::1%eth0', 80],
  [['[::1]', '80'], '::1', 80],
  [['::1', '80'], '::1', 80],
  [['localhost:ssh'], 'localhost', 22],
  [['localhost', 'ssh'], 'localhost', 22],
]

const bad: [args: [string, string?], message: RegExp][] = [
  [['example.com'], /No port .*"example\.com".* HOST:PORT/],
  [['example.com:'], /No port/],
  [[':80'], /No host/],
  [['', '80'], /No host/],
  [['::1:80'], /"::1:80".*write \[::1\]:80/],
  [['a:b:c'], /apart/],
  [['host:0'], /Port 0/],
  [['host:65536'], /Port 65536/],
  [['host:nosuchservice'], /no TCP service called "nosuchservice"/],
  [['host:80', '81'], /Two ports/],
  [['[::1]:80', '81'], /Two ports/],
  [['[host]:80'], /"host" in brackets/],
  [['[::1'], /apart|brackets/],
  [['https://host/path'], /URL.*host:443/],
  [['http://user@host:8080/'], /URL.*host:8080/],
]

for (const [args, host, port] of good)
  test(`a target: ${args.join(' ')}`, () => assert.deepEqual(parseTarget(args[0], args[1]), { host, port }))

for (const [args, message] of bad)
  test(`no target: ${args.join(' ')}`, () => {
    assert.throws(
      () => parseTarget(args[0], args[1]),
      (error) =>
        error instanceof UserError && error.exitCode === 2 && message.test(`${error.message}; ${error.hint}`),
    )
  })
