/** One line of `ss -H`, of which the process column is taken apart. */
export interface SsLine {
  readonly netid: string
  readonly state: string
  /** Address and port as printed; unix: path and inode. */
  readonly local: string
  readonly remote: string
  /** `pid/fd`, sorted. */
  readonly owners: readonly string[]
}

/** Parses what `ss -anpH` prints with both `-t` and `-u`, or with `-x` (two words for each end). */
export function parseSs(text: string, unix = false): SsLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [netid, state, , , ...rest] = line.split(/\s+/)
      const words = unix ? 2 : 1
      const owners = [...line.matchAll(/pid=(\d+),fd=(\d+)/g)].map(([, pid, fd]) => `${pid}/${fd}`)
      return {
        netid: netid!,
        state: state!,
        local: rest.slice(0, words).join(' '),
        remote: rest.slice(words, 2 * words).join(' '),
        owners: owners.sort(),
      }
    })
}
