import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { containerNames } from '../../../src/host/process/container-names.ts'

const ID = '0123456789abcdef'.repeat(4)
const STORAGE = 'containers.json'

/** Where each engine keeps the name, and how. */
const ENGINES: readonly (readonly [
  engine: string,
  path: string,
  content: unknown,
  name: string | undefined,
])[] = [
  ['Docker', `var/lib/docker/containers/${ID}/config.v2.json`, { Name: '/web' }, 'web'],
  [
    'Docker without root',
    `home/ann/.local/share/docker/containers/${ID}/config.v2.json`,
    { Name: '/w' },
    'w',
  ],
  [
    'Podman without root',
    `home/ann/.local/share/containers/storage/overlay-containers/${STORAGE}`,
    [{ id: ID, names: ['own'] }],
    'own',
  ],
  [
    'Podman with --rm',
    'var/lib/containers/storage/overlay-containers/volatile-containers.json',
    [{ id: 'other' }, null, { id: ID, names: ['once'] }],
    'once',
  ],
  [
    'k3s',
    `run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`,
    { annotations: { 'io.kubernetes.cri.container-name': 'edge' } },
    'edge',
  ],
  ['Podman', `var/lib/containers/storage/overlay-containers/${STORAGE}`, [{ id: ID, names: ['pod'] }], 'pod'],
  [
    'nerdctl',
    `run/containerd/io.containerd.runtime.v2.task/default/${ID}/config.json`,
    { annotations: { 'nerdctl/name': 'cache' } },
    'cache',
  ],
  [
    'containerd in Kubernetes',
    `run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`,
    { annotations: { 'io.kubernetes.cri.container-name': 'api' } },
    'api',
  ],
  [
    'CRI-O',
    `run/containers/storage/overlay-containers/${ID}/userdata/config.json`,
    { annotations: { 'io.kubernetes.container.name': 'db' } },
    'db',
  ],
  [
    'one without a name',
    `run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`,
    {},
    undefined,
  ],
]

for (const [engine, path, content, name] of ENGINES)
  test(`the name of a container of ${engine}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'socktrace-containers-'))
    try {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), JSON.stringify(content))
      assert.equal(containerNames(root)(ID), name)
      assert.equal(containerNames(root)('f'.repeat(64)), undefined)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

test('Docker with a folder of its own', () => {
  const root = mkdtempSync(join(tmpdir(), 'socktrace-containers-'))
  try {
    for (const folder of ['etc/docker', `data/docker/containers/${ID}`])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'etc/docker/daemon.json'), '{"data-root":"/data/docker"}')
    writeFileSync(join(root, `data/docker/containers/${ID}/config.v2.json`), '{"Name":"/far"}')
    assert.equal(containerNames(root)(ID), 'far')
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('a container of Podman that is started after another was asked for', () => {
  const root = mkdtempSync(join(tmpdir(), 'socktrace-containers-'))
  try {
    const folder = join(root, 'var/lib/containers/storage/overlay-containers')
    const later = 'f'.repeat(64)
    const first = { id: ID, names: ['first'] }
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, STORAGE), JSON.stringify([first]))
    const names = containerNames(root)
    assert.deepEqual([names(ID), names(later)], ['first', undefined])
    writeFileSync(join(folder, STORAGE), JSON.stringify([first, { id: later, names: ['later'] }]))
    assert.deepEqual([names(ID), names(later)], ['first', 'later'])
  } finally {
    rmSync(root, { recursive: true })
  }
})
