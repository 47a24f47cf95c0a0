import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { probeKernel } from '../../src/host/doctor/kernel.ts'
import type { Check } from '../../src/render/doctor.ts'
import { outputSchema } from '../../src/render/schema.ts'
import { DOCTOR_CHECKS } from '../support/doctor-checks.ts'
import { builtFile, ndjson, repository, runCommand } from '../support/program.ts'
import { isRoot, NOBODY, rootTest } from '../support/root.ts'

const isValid = new Ajv2020({ strictTypes: false }).compile(outputSchema)

const NET_RAW = [...NOBODY, '--inh-caps=-all,+net_raw', '--ambient-caps=-all,+net_raw']

function doctor(prefix: readonly string[] = []): Map<string, Check> {
  const { status, stdout, stderr } = runCommand([...prefix, builtFile(repository), 'doctor', '--json'])
  assert.equal(status, 0, stderr)
  const checks = ndjson<Check>(stdout)
  for (const check of checks) assert.ok(isValid(check), JSON.stringify(isValid.errors))
  assert.deepEqual(
    checks.map(({ name }) => name),
    DOCTOR_CHECKS,
  )
  return new Map(checks.map((check) => [check.name, check]))
}

rootTest('root has every plane', () => {
  const checks = doctor()
  for (const name of DOCTOR_CHECKS) {
    const { status, detail } = checks.get(name)!
    // A process with more capabilities than this root's is closed to it: then that one is counted.
    if (name === 'owners') assert.match(`${status} ${detail}`, /^ok|^degraded .* of [1-3] of /)
    else assert.equal(status, 'ok', `${name}: ${detail}`)
  }
})

rootTest('an ordinary user sees sockets, and is told how to get the rest', () => {
  const checks = doctor(NOBODY)
  for (const name of ['kernel', 'libpcap', 'sock_diag', 'unix_diag', 'iproute2'])
    assert.equal(checks.get(name)!.status, 'ok', name)
  for (const [name, status] of [
    ['packet ring', 'missing'],
    ['cap engine', 'missing'],
    ['owners', 'degraded'],
    ['tracepoints', 'missing'],
    ['BPF', 'missing'],
  ] as const) {
    const check = checks.get(name)!
    assert.equal(check.status, status, name)
    assert.match(
      check.mend!,
      /sudo setcap cap_net_raw,cap_perfmon,cap_bpf,cap_sys_ptrace,cap_dac_read_search\+ep \//,
    )
  }
})

rootTest('CAP_NET_RAW alone is enough to capture, and for nothing else', () => {
  const checks = doctor(NET_RAW)
  assert.equal(checks.get('packet ring')!.status, 'ok')
  assert.equal(checks.get('cap engine')!.status, 'ok')
  assert.equal(checks.get('owners')!.status, 'degraded')
  assert.equal(checks.get('tracepoints')!.status, 'missing')
  assert.equal(checks.get('BPF')!.status, 'missing')
})

rootTest('a root without capabilities is one in a container', () => {
  const checks = doctor(['setpriv', '--inh-caps=-all', '--bounding-set=-all'])
  assert.equal(checks.get('packet ring')!.mend, 'docker run --cap-add NET_RAW …')
})

rootTest('the mend mends', () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-doctor-'))
  try {
    const node = join(folder, 'node')
    copyFileSync(process.execPath, node)
    chmodSync(folder, 0o755)
    const run = [...NOBODY, node]
    const { mend } = doctor(run).get('packet ring')!
    const [, ...command] = mend!.split(' ')
    assert.equal(runCommand(command).status, 0, mend)
    const checks = doctor(run)
    assert.equal(checks.get('packet ring')!.status, 'ok')
    assert.equal(checks.get('cap engine')!.status, 'ok')
    assert.match(checks.get('owners')!.detail, /all \d+ processes| of [1-3] of /)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the table says the same as the JSON', () => {
  const { status, stdout } = runCommand([builtFile(repository), 'doctor'])
  assert.equal(status, 0)
  const marks = { '✓': 'ok', '~': 'degraded', '✗': 'missing' } as const
  const checks = doctor()
  for (const name of DOCTOR_CHECKS) {
    const line = stdout.split('\n').find((text) => text.slice(10).startsWith(`${name} `))
    assert.ok(line !== undefined, name)
    assert.equal(marks[line[0] as keyof typeof marks], checks.get(name)!.status)
  }
  assert.ok(isRoot || stdout.includes('mend: '))
})

test('kernel versions', () => {
  for (const [version, status] of [
    ['6.18.44-fc', 'ok'],
    ['5.10.0', 'ok'],
    ['5.9.16', 'degraded'],
    ['4.18.0-553.el8', 'degraded'],
    ['4.17.19', 'missing'],
    ['3.10.0', 'missing'],
  ] as const)
    assert.equal(probeKernel(version).status, status, version)
})
