// The kernel plane and nothing else, for `overhead.mjs`: every program attached, drained as a live run does, of changes
// of state only what is told unasked.  node --import tsx scripts/bench/kernel-plane.ts all|failures
import { openKernelPlane } from '../../src/host/kernel/kernel-plane.ts'
import { Waiter } from '../../src/host/wait.ts'

const waiter = new Waiter()
const state = process.argv[2] === 'failures' ? 'failures' : 'all'
const plane = openKernelPlane({
  waiter,
  want: { state, onDemand: true, ...(state === 'failures' && { lazy: true }) },
})
let facts = 0
let isOver = false
process.on('SIGINT', () => {
  isOver = true
  waiter.wake()
})
console.error(`listening on ${Object.entries(plane.watched).flatMap(([kind, on]) => (on ? [kind] : []))}`)
while (!isOver) {
  await waiter.wait()
  plane.drain(() => {
    facts++
  })
}
console.log(JSON.stringify({ facts, lost: plane.lost }))
plane.close()
waiter.close()
