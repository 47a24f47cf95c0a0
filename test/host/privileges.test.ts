import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { grantHint } from '../../src/host/mend.ts'
import { OutputFile } from '../../src/host/output-file.ts'
import { OutputFolder } from '../../src/host/output-folder.ts'
import { hasCapability } from '../../src/host/privileges.ts'
import { rootTest } from '../support/root.ts'

const MODULE = new URL('../../src/host/privileges.ts', import.meta.url).href
const NET_ADMIN = 1n << 12n
const NET_RAW = 1n << 13n
const SYS_PTRACE = 1n << 19n

interface Report {
  /** Of the main thread. */
  readonly own: string
  /** Of every other thread: V8's, libuv's. */
  readonly others: string[]
  readonly uid: number
  readonly groups: number[]
  readonly canReadInit: boolean
  readonly error?: string
}

/** Runs `action` (which sees the module as `p`) in a new process, and reads the capabilities of all its threads. */
function report(action: string, environment: Record<string, string> = {}): Report {
  const script = `
    import * as fs from 'node:fs'
    const p = await import(${JSON.stringify(MODULE)})
    await fs.promises.readFile('/proc/self/status') // libuv's threads exist
    let error
    try { ${action} } catch (e) { error = e.message }
    const status = (tid) => fs.readFileSync('/proc/self/task/' + tid + '/status', 'latin1')
    const effective = (tid) => /CapPrm:\\s*(\\w+)\\nCapEff:\\s*(\\w+)/.exec(status(tid)).slice(1).join('/')
    const tasks = fs.readdirSync('/proc/self/task').filter((tid) => Number(tid) !== process.pid)
    let canReadInit = true
    try { fs.readdirSync('/proc/1/fd') } catch { canReadInit = false }
    console.log(JSON.stringify({ own: effective(process.pid), others: tasks.map(effective), error, canReadInit,
      uid: process.getuid(), groups: process.getgroups() }))`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
    },
  )
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as Report
}
const masks = (bits: bigint): string => `${hex(bits)}/${hex(bits)}`
const hex = (bits: bigint): string => bits.toString(16).padStart(16, '0')
const SUDO = { SUDO_UID: '1234', SUDO_GID: '1235' }

function assertOthersHaveNothing({ others }: Report): void {
  assert.ok(others.length >= 4)
  for (const one of others) assert.equal(one, masks(0n))
}

rootTest('under sudo: the invoking user, with what is kept, on the main thread only', () => {
  const result = report("p.dropPrivileges(['cap_sys_ptrace', 'cap_net_raw'])", SUDO)
  assert.equal(result.error, undefined)
  assert.equal(result.own, masks(SYS_PTRACE | NET_RAW))
  assert.equal(result.uid, 1234)
  assert.deepEqual(result.groups, [1235])
  assertOthersHaveNothing(result)
  assert.equal(result.canReadInit, false, 'ptrace alone does not open another user’s folder')
})

rootTest('under sudo: the owners of sockets can still be read', () => {
  const result = report("p.dropPrivileges(['cap_sys_ptrace', 'cap_dac_read_search'])", SUDO)
  assert.equal(result.uid, 1234)
  assert.equal(result.canReadInit, true)
})

rootTest('plain root: uid 0 with the reduced set, and nothing on other threads', () => {
  const result = report("p.dropPrivileges(['cap_net_raw'])")
  assert.equal(result.error, undefined)
  assert.equal(result.own, masks(NET_RAW))
  assert.equal(result.uid, 0)
  assertOthersHaveNothing(result)
})

rootTest('nothing kept: nothing is left', () => {
  for (const environment of [{}, SUDO]) {
    const result = report('p.dropPrivileges([])', environment)
    assert.equal(result.error, undefined)
    assert.equal(result.own, masks(0n))
    assertOthersHaveNothing(result)
  }
})

rootTest('-Z USER gives up all; an unknown user is refused', () => {
  const result = report("p.becomeUnprivileged('nobody')")
  assert.equal(result.error, undefined)
  assert.equal(result.own, masks(0n))
  assert.equal(result.uid, 65_534)
  assertOthersHaveNothing(result)
  assert.equal(
    report("p.becomeUnprivileged('st-nobody')").error,
    'Cannot become user "st-nobody": no such user',
  )
})

rootTest('a file or folder made under sudo is made with the rights of who called it, as theirs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-owner-'))
  const path = join(folder, 'out.pcapng')
  const streams = join(folder, 'streams')
  const before = { ...process.env }
  Object.assign(process.env, SUDO)
  try {
    // The folder is root's alone.
    assert.throws(() => new OutputFile(path), /Cannot write .*: no permission/)
    assert.throws(() => new OutputFolder(streams), /Cannot write .*: no permission/)
    assert.deepEqual([existsSync(path), existsSync(streams)], [false, false])
    chmodSync(folder, 0o777)
    new OutputFile(path).close()
    const output = new OutputFolder(streams)
    output.write('one', Uint8Array.of(1))
    output.close()
    for (const made of [path, streams, join(streams, 'one')]) {
      const { uid, gid } = statSync(made)
      assert.deepEqual([uid, gid], [1234, 1235], made)
    }
  } finally {
    process.env = before
    rmSync(folder, { recursive: true })
  }
})

rootTest('capabilities of this process, and how to get more', () => {
  assert.equal(hasCapability('cap_net_raw'), true)
  process.seteuid?.(65_534)
  const hint = grantHint(['cap_net_raw', 'cap_net_admin'])
  process.seteuid?.(0)
  assert.match(
    hint,
    /^run it with sudo, or allow it for good: sudo setcap cap_net_raw,cap_perfmon,\S*,cap_net_admin\+ep \/\S+$/,
  )
})

rootTest('a program is lent what was kept, for as long as the call lasts', () => {
  const { own, error } = report(
    `p.dropPrivileges(['cap_net_admin', 'cap_net_raw'])
    const { execFileSync } = await import('node:child_process')
    const ofChild = () => /CapEff:\\s*(\\w+)/.exec(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }))[1]
    throw new Error([p.lend(['cap_net_admin', 'cap_sys_admin'], ofChild), ofChild()].join(' '))`,
    SUDO,
  )
  assert.equal(error, `${hex(NET_ADMIN)} ${hex(0n)}`)
  assert.equal(own, masks(NET_ADMIN | NET_RAW))
})

rootTest(
  'what is executed afterwards gets no more than what was kept, root or not; lent is what was kept',
  () => {
    const ofChild = `const { execFileSync } = await import('node:child_process')
    const ofChild = () => {
      const status = execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' })
      return ['CapEff', 'CapBnd', 'NoNewPrivs'].map((key) => status.split(key + ':')[1].trim().split('\\n')[0]).join(' ')
    }`
    for (const [environment, effective] of [
      [{}, NET_ADMIN | NET_RAW],
      [SUDO, 0n],
    ] as const) {
      const { error } = report(
        `p.dropPrivileges(['cap_net_admin', 'cap_net_raw'])
      ${ofChild}
      throw new Error([ofChild(), p.lend(['cap_net_admin'], ofChild).split(' ')[0]].join(' '))`,
        environment,
      )
      const lent = environment === SUDO ? NET_ADMIN : NET_ADMIN | NET_RAW
      assert.equal(error, `${hex(effective)} ${hex(NET_ADMIN | NET_RAW)} 1 ${hex(lent)}`)
    }
    const { error } = report(`p.becomeUnprivileged('nobody')
    ${ofChild}
    throw new Error(ofChild())`)
    assert.equal(error, `${hex(0n)} ${hex(0n)} 1`)
  },
)
