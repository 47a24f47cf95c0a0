import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Planes } from '../../src/diagnose/planes.ts'
import type { Nanos } from '../../src/flow/time.ts'
import type { KernelFact } from '../../src/kernel/fact.ts'
import { CAST, docketed } from '../support/docketed.ts'

const OWN = 4026531840
const CONTAINER = 4026532000
/** The captured namespace is a router's; the ends are in another one of the machine. */
const ROUTER: Partial<Planes> = {
  netns: OWN,
  seesAll: true,
  kernel: { watched: true },
  has: (netns) => netns === CONTAINER,
}
const at = (seconds: number) => (seconds * 1e9) as Nanos

test('however often the kernel speaks of one connection elsewhere, it waits once and leaves room for others', () => {
  const d = docketed(ROUTER)
  const told = (local: typeof CAST.C, second: number): void => {
    const common = { at: 0, netns: CONTAINER, proto: 'tcp', local, remote: CAST.S } as const
    d.docket.fact({ ...common, fact: 'error', error: 'EHOSTUNREACH' } as KernelFact, at(second))
  }
  for (let n = 0; n < 5000; n++) told({ addr: '10.0.0.77', port: 1 }, 1)
  told(CAST.C!, 1)
  d.play('1.01 C > S [S] seq=100 win=64240')
  d.advance(1.2)
  assert.deepEqual(d.told(), ['1.20 final'])
})
