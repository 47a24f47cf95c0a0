/**
 * Serial arithmetic on 32-bit sequence numbers (RFC 1982, RFC 9293 section 3.4).
 * Comparison is by signed distance, so it holds across the wrap for numbers less than 2^31 apart.
 */

/** Signed distance from `b` to `a`: positive when `a` is later. */
export function diff(a: number, b: number): number {
  return (a - b) | 0
}

export function lt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

export function leq(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0
}

export function gt(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

export function geq(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0
}

/** `a` moved by `n`, in 0 to 2^32 - 1. */
export function add(a: number, n: number): number {
  return (a + n) >>> 0
}
