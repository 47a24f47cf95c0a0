/**
 * A duration in milliseconds as people read it, at a glance exact enough to compare:
 * `0.036 ms`, `12.4 ms`, `3.07 s`, `2 min 11 s`.
 */
export function formatMs(ms: number): string {
  const size = Math.abs(ms)
  if (size < 10) return `${ms.toFixed(3)} ms`
  if (size < 1000) return `${ms.toFixed(1)} ms`
  if (size < 60_000) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.trunc(seconds / 60)} min ${Math.abs(seconds % 60)} s`
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A size in bytes: `512 B`, `1.5 KiB`, `2.0 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BYTE_UNITS[unit]}`
}

/** `1 packet`, `2 packets`; `many` where that is more than a plain s. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
