/** A name resolution block of pcapng with one name for each IPv4 address. */
export function namesBlock(names: Readonly<Record<string, string>>, little = true): Uint8Array {
  const number = (value: number, size: number): number[] => {
    const bytes = Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff)
    return little ? bytes : bytes.reverse()
  }
  const records = Object.entries(names).flatMap(([address, name]) => {
    const value = [...address.split('.').map(Number), ...new TextEncoder().encode(name), 0]
    const padding = new Array<number>((4 - (value.length % 4)) % 4).fill(0)
    return [...number(1, 2), ...number(value.length, 2), ...value, ...padding]
  })
  const length = number(records.length + 16, 4)
  return Uint8Array.from([...number(4, 4), ...length, ...records, 0, 0, 0, 0, ...length])
}
