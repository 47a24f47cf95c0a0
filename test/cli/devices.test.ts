import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { outputSchema } from '../../src/render/schema.ts'
import { Namespace } from '../support/namespace.ts'
import { builtFile, ndjson, repository, runCommand } from '../support/program.ts'
import { rootTest } from '../support/root.ts'

const isValid = new Ajv2020({ strictTypes: false }).compile(outputSchema)

interface Device {
  readonly type: string
  readonly name: string
  readonly up: boolean
  readonly running: boolean
  readonly loopback: boolean
  readonly mac?: string
  readonly mtu: number
  readonly addresses: readonly string[]
}

/** One of `ip -json address`. */
interface Link {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly mtu: number
  readonly address: string
  readonly addr_info: readonly { readonly local: string }[]
}

function devices(prefix: readonly string[] = []): Device[] {
  const { status, stdout, stderr } = runCommand([...prefix, builtFile(repository), 'devices', '--json'])
  assert.equal(status, 0, stderr)
  const devices = ndjson<Device>(stdout)
  for (const device of devices) assert.ok(isValid(device), JSON.stringify(isValid.errors))
  return devices
}

test('devices are those of `ip address`', () => {
  const links = JSON.parse(runCommand(['ip', '-json', 'address']).stdout) as Link[]
  const seen = devices()
  assert.deepEqual(
    seen.map(({ name }) => name),
    links.map(({ ifname }) => ifname),
  )
  for (const [index, link] of links.entries()) {
    const device = seen[index]!
    assert.equal(device.type, 'device')
    assert.equal(device.up, link.flags.includes('UP'))
    assert.equal(device.loopback, link.flags.includes('LOOPBACK'))
    assert.equal(device.mtu, link.mtu)
    if (!device.loopback && device.mac !== undefined) assert.equal(device.mac, link.address)
    if (device.running)
      assert.deepEqual([...device.addresses].sort(), link.addr_info.map(({ local }) => local).sort())
  }
})

// Unlike `ip netns exec`, nsenter leaves /sys as it is: it shows the devices of the namespace outside.
rootTest('devices are those of the network namespace, whatever /sys shows', () => {
  const namespace = new Namespace('devices')
  try {
    const seen = devices(['nsenter', `--net=/run/netns/${namespace.name}`])
    assert.deepEqual(
      seen.map(({ name, up }) => ({ name, up })),
      [{ name: 'lo', up: true }],
    )
  } finally {
    namespace.close()
  }
})

test('devices as a table', () => {
  const { status, stdout } = runCommand([builtFile(repository), 'devices'])
  assert.equal(status, 0)
  const [header, ...rows] = stdout.trimEnd().split('\n')
  assert.match(header!, /^Name +Index +State +Kind +MTU +MAC +Addresses$/)
  assert.match(rows[0]!, /^lo +1 +up +loopback +65536 +- +127\.0\.0\.1/)
})
