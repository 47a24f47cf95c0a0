/** A number below `below`. */
export type Random = (below: number) => number

/** Numbers that are the same in every run with this seed. */
export function mulberry32(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A copy with one to four mistakes, most of them in the headers; or with an early end. */
export function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = bytes.slice(0, random(4) === 0 ? random(bytes.length + 1) : bytes.length)
  for (let mistakes = 1 + random(4); mistakes > 0 && damaged.length > 0; mistakes--)
    mistake(damaged, random(Math.min(damaged.length, random(4) === 0 ? damaged.length : 120)), random)
  return damaged
}

/** Bits, bytes, whole words or a piece from elsewhere, at `at`. */
export function mistake(bytes: Uint8Array, at: number, random: Random): void {
  switch (random(4)) {
    case 0:
      bytes[at]! ^= 1 << random(8)
      break
    case 1:
      bytes[at] = random(256)
      break
    case 2:
      bytes.fill([0, 0xff, 0x7f, 0x80][random(4)]!, at, at + 1 + random(4))
      break
    default:
      bytes.copyWithin(at, random(bytes.length), random(bytes.length))
  }
}
