export const BUCKETS = 1 << 16

/**
 * One of 65 536 buckets for a whole number: two ports, or the 48 significant bits of a socket's kernel address, which
 * ends in zeros. Multiplied, the upper bits depend on all (Knuth, 6.4); `|` takes the lower 32 without a division.
 */
export function bucketOf(key: number): number {
  return Math.imul((key | 0) ^ (key / 0x1_0000_0000), 0x9e3779b1) >>> 16
}
