import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { builtFile, executable, ndjson, Running, repository, runCommand } from '../support/program.ts'
import { NOBODY, rootTest } from '../support/root.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-mistakes-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const directory = join(folder, 'directory')
const empty = join(folder, 'empty.pcap')
const oneByte = join(folder, 'one-byte.pcap')
const noPackets = join(folder, 'no-packets.pcap')
mkdirSync(directory)
writeFileSync(empty, '')
writeFileSync(oneByte, Uint8Array.of(0xd4))
// A pcap header and nothing more: little-endian, version 2.4, Ethernet.
writeFileSync(noPackets, Buffer.from('d4c3b2a102000400000000000000000000000400' + '01000000', 'hex'))

/** Still uid 0, so that it can read this checkout wherever it is, but with no capability left. */
const WITHOUT_CAPABILITIES = ['setpriv', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all']

/** What the user typed, how it ends, and what the one line on stderr must speak of. */
const mistakes: readonly [name: string, args: readonly string[], status: number, line: RegExp][] = [
  ['unknown interface', ['trace', '-i', 'nosuchif0'], 2, /nosuchif0/],
  ['unknown file', ['read', join(folder, 'nothing-here.pcap')], 4, /nothing-here\.pcap.*no such file/i],
  ['directory as file', ['read', directory], 4, /directory/],
  ['empty file', ['read', empty], 4, /empty/],
  ['one byte', ['read', oneByte], 4, /one-byte\.pcap/],
  ['bad filter', ['trace', '-i', 'lo', 'tcp', 'prot', '80'], 2, /filter/i],
  ['bad filter for a file', ['read', '--filter', 'tcp prot 80', noPackets], 2, /filter/i],
  ['bad list filter', ['list', 'state', 'nosuchstate'], 2, /nosuchstate/],
  ['unknown option', ['trace', '--nosuchoption'], 2, /--nosuchoption/],
  ['unknown command', ['nosuchcommand'], 2, /nosuchcommand/],
  ['a mistyped command', ['lst'], 2, /"lst"; did you mean list\?/],
  ['a user that is not there', ['trace', '-i', 'lo', '-Z', 'nosuchuser0'], 2, /nosuchuser0.*no such user/],
  ['an option of another command', ['--flows'], 2, /--flows.*(trace|read)/],
  ['a pid that is none', ['trace', '--pid', 'abc'], 2, /--pid.*whole number/],
  ['unknown engine', ['trace', '--engine', 'warp'], 2, /warp/],
]

for (const way of [repository, executable]) {
  for (const [name, args, status, line] of mistakes)
    rootTest(`${name}: ${way.name}`, () => {
      const ran = runCommand([builtFile(way), ...args])
      assert.equal(ran.status, status, ran.stderr)
      assert.match(ran.stderr, line)
      assert.match(ran.stderr, /^socktrace: [^\n]+\n$/, 'one line on stderr')
      assert.equal(ran.stdout, '')

      const json = runCommand([builtFile(way), ...args, '--json'])
      assert.equal(json.status, status, json.stderr)
      const { type, message } = ndjson<{ type: string; message: string }>(json.stdout).at(-1)!
      assert.equal(type, 'error')
      assert.ok(json.stderr.includes(message), `${json.stderr} does not say: ${message}`)
    })

  rootTest(`no privileges: ${way.name}`, () => {
    const ran = runCommand([...WITHOUT_CAPABILITIES, builtFile(way), 'trace', '-i', 'lo'])
    assert.equal(ran.status, 3, ran.stderr)
    assert.match(ran.stderr, /^socktrace: [^\n]*(NET_RAW|cap_net_raw)[^\n]*\n$/)
    const list = runCommand([...WITHOUT_CAPABILITIES, builtFile(way), 'list', '--json'])
    assert.equal(list.status, 0, list.stderr)
    assert.ok(ndjson(list.stdout).length > 0, 'the socket list needs no privilege')
  })

  rootTest(`a full disk is said: ${way.name}`, () => {
    const { status, stderr } = shell(`"${builtFile(way)}" list -a --json > /dev/full`)
    assert.equal(status, 5)
    assert.match(stderr, /^socktrace: Cannot write the output: no space left on device[^\n]*\n$/m)
  })

  rootTest(`a closed pipe ends it with 0: ${way.name}`, () => {
    const { status, stdout, stderr } = shell(`"${builtFile(way)}" --json | head -1; echo "\${PIPESTATUS[0]}"`)
    assert.equal(status, 0, stderr)
    const [line, code] = stdout.trim().split('\n')
    assert.equal(typeof JSON.parse(line!).type, 'string')
    assert.equal(code, '0', stderr)
  })

  rootTest(`every line of list --json goes through jq: ${way.name}`, () => {
    const { status, stdout, stderr } = shell(`"${builtFile(way)}" list -a --json | jq -c .`)
    assert.equal(status, 0, stderr)
    const types = new Set(ndjson<{ type: string }>(stdout).map(({ type }) => type))
    assert.deepEqual([...types], ['socket'])
  })

  rootTest(`a capture without packets is a capture: ${way.name}`, () => {
    const { status, stdout, stderr } = runCommand([builtFile(way), 'read', '--json', noPackets])
    assert.equal(status, 0, stderr)
    const [summary, ...more] = ndjson<{ type: string; packets: number; truncated?: boolean }>(stdout)
    assert.deepEqual([summary?.type, summary?.packets, summary?.truncated], ['summary', 0, undefined])
    assert.deepEqual(more, [])
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    rootTest(`${signal} ends a trace with its summary and 0: ${way.name}`, async () => {
      const trace = new Running([builtFile(way), 'trace', '-i', 'lo', '--json'])
      await trace.until('it captures', ({ stderr }) => stderr.includes('listening on'))
      assert.equal(await trace.stop(signal), 0, trace.stderr)
      assert.equal(ndjson<{ type: string }>(trace.stdout).at(-1)?.type, 'summary')
    })

  rootTest(`list -ano, typed from habit: ${way.name}`, () => {
    const { status, stdout, stderr } = runCommand([builtFile(way), 'list', '-ano'])
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^Netid +State +Recv-Q +Send-Q +Local\b.*\bPeer\b.*\bProcess\b/)
  })
}

rootTest('the executable serves a user who has no home, no Node and no privileges', () => {
  const copy = join(folder, 'socktrace')
  copyFileSync(builtFile(executable), copy)
  const asNobody = [...NOBODY, 'env', '-i', 'HOME=/nonexistent']
  const open = runCommand(['chmod', '755', folder, copy])
  assert.equal(open.status, 0)
  const { status, stdout, stderr } = runCommand([...asNobody, copy, 'list', '--json'])
  assert.equal(status, 0, stderr)
  assert.notEqual(ndjson(stdout).length, 0)
})

function shell(script: string): ReturnType<typeof runCommand> {
  return runCommand(['bash', '-c', script])
}
