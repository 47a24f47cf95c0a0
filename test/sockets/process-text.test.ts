import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseCommandLine,
  parseContainer,
  parseContainerId,
  parseOrigin,
  parsePod,
  parseStat,
  parseUid,
  parseUnit,
  socketInode,
} from '../../src/sockets/process-text.ts'

const ID = '0123456789ab'.padEnd(64, 'c')

test('stat: a name with spaces and parentheses', () => {
  assert.deepEqual(parseStat('42 (a) b (c) S 7 42 42 0'), { comm: 'a) b (c', ppid: 7 })
  assert.equal(parseStat(''), undefined)
  assert.equal(parseStat('42 (x'), undefined)
})

test('stat: parent and start', () => {
  const rest = Array.from({ length: 30 }, (_, i) => 100 + i).join(' ')
  assert.deepEqual(parseOrigin(`42 (a) b (c) S 7 ${rest}`), { parent: 7, start: 117 })
  assert.equal(parseOrigin('42 (x) S 7 1'), undefined)
  assert.equal(parseOrigin(''), undefined)
})

test('status and cmdline', () => {
  assert.equal(parseUid('Name:\tx\nUid:\t1000\t0\t0\t0\n'), 1000)
  assert.equal(parseUid('Name:\tx\n'), undefined)
  assert.equal(parseCommandLine('node\0--test\0a b\0'), 'node --test a b')
  assert.equal(parseCommandLine(''), undefined)
})

for (const [cgroup, container] of [
  [`0::/system.slice/docker-${ID}.scope\n`, '0123456789ab'],
  [`12:pids:/kubepods/burstable/pod1/${ID}\n`, '0123456789ab'],
  [`0::/machine.slice/libpod-${ID}.scope/container\n`, '0123456789ab'],
  ['0::/lxc.payload.web/init.scope\n', 'web'],
  ['1:name=systemd:/lxc/db\n', 'db'],
  ['0::/user.slice/user-1000.slice/session-1.scope\n', undefined],
  [`0::/x/${ID}d\n`, undefined],
] as const)
  test(`the container of ${cgroup.trim()}`, () => {
    assert.equal(parseContainer(cgroup), container)
  })

test('only sockets have a socket inode', () => {
  assert.equal(socketInode('socket:[123]'), 123)
  for (const link of ['pipe:[1]', '/dev/null', 'anon_inode:[eventpoll]', ''])
    assert.equal(socketInode(link), -1)
})

for (const [cgroup, unit, pod, id] of [
  ['0::/system.slice/nginx.service\n', 'nginx.service', undefined, undefined],
  ['0::/user.slice/user-1000.slice/session-3.scope', 'session-3.scope', undefined, undefined],
  ['12:cpu:/x.service\n1:name=systemd:/system.slice/a.service\n', 'a.service', undefined, undefined],
  [`0::/system.slice/docker-${ID}.scope`, `docker-${ID}.scope`, undefined, ID],
  [
    `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0a1b2c3d_0000_1111_2222_333344445555.slice/cri-containerd-${ID}.scope`,
    `cri-containerd-${ID}.scope`,
    '0a1b2c3d-0000-1111-2222-333344445555',
    ID,
  ],
  [
    `0::/kubepods/burstable/pod0a1b2c3d-0000-1111-2222-333344445555/${ID}`,
    undefined,
    '0a1b2c3d-0000-1111-2222-333344445555',
    ID,
  ],
  ['0::/', undefined, undefined, undefined],
  ['', undefined, undefined, undefined],
] as const)
  test(`unit, pod and container of ${cgroup.slice(0, 40)}`, () => {
    assert.deepEqual([parseUnit(cgroup), parsePod(cgroup), parseContainerId(cgroup)], [unit, pod, id])
  })
