// The kernel plane and nothing else, for `overhead.mjs`: every program attached, drained as a live run does, of changes
// of state only what is told unasked. On and off in turn, so quickly that both have the same machine.
// node --import tsx scripts/bench/kernel-plane.ts all|failures PAIRS MS URL-of-nginx's-status
import { setTimeout as pause } from 'node:timers/promises'
import { openKernelPlane } from '../../src/host/kernel/kernel-plane.ts'
import { Waiter } from '../../src/host/wait.ts'

/** For what opening and closing take of the processor, ms. */
const SETTLE = 50

const [which, pairs, time, url] = process.argv.slice(2) as [string, string, string, string]
const state = which === 'failures' ? 'failures' : 'all'

const rates: [watched: number, unwatched: number][] = []
let lost = 0
let before = await rate()
while (rates.length < Number(pairs)) {
  const close = open()
  const watched = await rate()
  await close()
  const after = await rate()
  rates.push([watched, (before + after) / 2])
  before = after
}
console.log(JSON.stringify({ pairs: rates, lost }))
process.exit()

/** The plane as a live run has it, until the function that is returned is called. */
function open(): () => Promise<void> {
  const waiter = new Waiter()
  const plane = openKernelPlane({
    waiter,
    want: { state, onDemand: true, ...(state === 'failures' && { lazy: true }) },
  })
  if (!Object.values(plane.watched).every(Boolean)) throw new Error(plane.degraded.join('; '))
  let isOver = false
  const drained = drain()
  return async () => {
    isOver = true
    waiter.wake()
    await drained
    lost += plane.lost
    plane.close()
    waiter.close()
  }

  async function drain(): Promise<void> {
    while (!isOver) {
      await waiter.wait()
      plane.drain(() => {})
    }
  }
}

/** Requests a second that nginx answers, by its own count. */
async function rate(): Promise<number> {
  await pause(SETTLE)
  const before = await answered()
  await pause(Number(time))
  const after = await answered()
  return (1000 * (after.requests - before.requests)) / (after.at - before.at)
}

/** How many requests nginx has answered, and when that was asked, ms. */
async function answered(): Promise<{ requests: number; at: number }> {
  const text = await (await fetch(url)).text()
  return { requests: Number(/^ \d+ \d+ (\d+)/m.exec(text)![1]), at: performance.now() }
}
