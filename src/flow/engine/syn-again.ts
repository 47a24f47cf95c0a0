import { LADDER_BYTES } from '../layout.ts'
import { say, sayCount, sayFixed } from './say.ts'

/*
 * When SYNs are sent again (`syn-ladder.ts`), this machine's ladder and that of older kernels: how many rungs there
 * are, and of each its seconds and by how many more or less it is still met, all as doubles. The host writes them.
 */
export const ladders: usize = memory.data(2 * LADDER_BYTES, 8)

/**
 * The sentence for the `n`th SYN after the first (counted from 1), `elapsed` nanoseconds after it.
 * A SYN that fits neither ladder gets no forecast: another system sent it.
 */
export function saySynAgain(n: i32, elapsed: f64): void {
  const seconds = elapsed / 1e9
  say('SYN again, no. ')
  sayCount(n)
  say(', +')
  sayFixed(seconds, 1)
  say(' s')
  let ladder = ladders
  if (!fits(ladder, n, seconds)) {
    ladder += LADDER_BYTES
    if (!fits(ladder, n, seconds)) return
  }
  const last = i32(load<f64>(ladder))
  if (n + 1 < last) {
    say('; next at +')
    sayCount(i32(load<f64>(rung(ladder, n + 1))))
    say(' s, ')
  } else say(', the last; ')
  say('the kernel gives up at about ')
  sayCount(i32(load<f64>(rung(ladder, last))))
  say(' s')
}

/** Where the `n`th is, counted from 1. The last is no SYN: connect() gives up then. */
function rung(ladder: usize, n: i32): usize {
  return ladder + usize(n) * 16 - 8
}

function fits(ladder: usize, n: i32, seconds: f64): bool {
  if (n < 1 || n > i32(load<f64>(ladder))) return false
  const at = rung(ladder, n)
  return Math.abs(seconds - load<f64>(at)) <= load<f64>(at, 8)
}
