import * as libc from './libc.ts'

/** IF_NAMESIZE with the final NUL. */
const INTERFACE_NAME_LENGTH = 16

/** Interface names of the current network namespace, each asked for once. */
export function interfaceNames(): (index: number) => string | undefined {
  const names = new Map<number, string | undefined>()
  return (index) => {
    if (!names.has(index)) {
      const name = new Uint8Array(INTERFACE_NAME_LENGTH)
      const found = libc.interfaceName(index, name) !== null
      names.set(index, found ? Buffer.from(name).toString('utf8').replace(/\0.*/s, '') : undefined)
    }
    return names.get(index)
  }
}
