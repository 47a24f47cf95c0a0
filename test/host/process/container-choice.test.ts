import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inContainers } from '../../../src/host/process/container-choice.ts'
import type { ProcessRef } from '../../../src/process-ref.ts'

const ID = 'a1'.repeat(32)
const OTHER = 'b2'.repeat(32)
const root = mkdtempSync(join(tmpdir(), 'socktrace-containers-'))
after(() => rmSync(root, { recursive: true }))

function write(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
write(`var/lib/docker/containers/${ID}/config.v2.json`, '{"Name":"/web"}')
write(`var/lib/docker/containers/${OTHER}/config.v2.json`, '{"Name":"/db"}')
write('proc/7/cgroup', `0::/docker/${ID}\n`)
write('proc/8/cgroup', `0::/docker/${OTHER}\n`)

const contained = (pid: number, container?: string): ProcessRef => ({
  pid,
  comm: 'nginx',
  attribution: 'socket',
  ...(container !== undefined && { container }),
})
const web = contained(7, ID.slice(0, 12))
const db = contained(8, OTHER.slice(0, 12))
const gone = contained(9, ID.slice(0, 12))
const lxc = contained(10, 'web')
const outside = contained(11)

for (const [wanted, expected] of [
  [['web'], [web, lxc]],
  [['db'], [db]],
  [
    ['web', 'db'],
    [web, db, lxc],
  ],
  [[ID], [web]],
  [[ID.slice(0, 12)], [web]],
  [[ID.slice(0, 11)], []],
  [['we'], []],
] as const)
  test(`--container ${wanted.join(' ')}`, () => {
    const isIn = inContainers(wanted, root)
    assert.deepEqual([web, db, lxc, outside].filter(isIn), expected)
  })

test('a process that is gone is in a container whose name another one has told, not before', () => {
  const isIn = inContainers(['web'], root)
  assert.deepEqual([gone, web, gone].map(isIn), [false, true, true])
  assert.equal(inContainers([ID], root)(gone), true, 'its id is known')
})

test('a process whose number is now one of another container tells nothing of its own', () => {
  const isIn = inContainers(['web'], root)
  const reused = contained(8, ID.slice(0, 12))
  assert.deepEqual([reused, web].map(isIn), [false, true])
  const isDb = inContainers(['db'], root)
  assert.deepEqual([reused, web, db].map(isDb), [false, false, true])
})

test('a container whose name is written down after its first connection', () => {
  const late = 'c3'.repeat(32)
  const process = contained(12, late.slice(0, 12))
  write('proc/12/cgroup', `0::/docker/${late}\n`)
  const isIn = inContainers(['late'], root)
  assert.equal(isIn(process), false)
  write(`var/lib/docker/containers/${late}/config.v2.json`, '{"Name":"/late"}')
  assert.equal(isIn(process), true)
})
