/** 32-bit words of a key: lower address 4, upper address 4, ports 1, the rest 1. */
export const KEY_WORDS = 10
export const KEY_PORTS = 8
export const KEY_META = 9

/**
 * The identity of a flow, the same for both directions: the lower endpoint (by address, then port) comes first.
 *
 * Words 0–3 are the lower address, 4–7 the upper one (IPv4 in the first of its four), word 8 is
 * lower port << 16 | upper port, word 9 is space << 16 | family << 8 | protocol. `space` tells apart equal
 * addresses of different networks (a tunnel, a namespace); 0 is the network of the capture itself.
 */
export class FlowKey {
  readonly words: Uint32Array = new Uint32Array(KEY_WORDS)
  /** 32 bits, signed: V8 keeps a field that exceeds 2^31 on the heap. */
  hash = 0
  /** 0 when the packet's source is the lower endpoint, 1 when it is the upper one. */
  direction = 0

  get sourcePort(): number {
    const ports = this.words[KEY_PORTS]!
    return this.direction === 0 ? ports >>> 16 : ports & 0xffff
  }

  get destinationPort(): number {
    const ports = this.words[KEY_PORTS]!
    return this.direction === 0 ? ports & 0xffff : ports >>> 16
  }

  set(
    family: number,
    protocol: number,
    source: Uint32Array,
    destination: Uint32Array,
    sourcePort: number,
    destinationPort: number,
    space = 0,
  ): void {
    const direction = isLower(source, destination, sourcePort, destinationPort) ? 0 : 1
    this.direction = direction
    const words = this.words
    const lower = direction === 0 ? source : destination
    const upper = direction === 0 ? destination : source
    const ports =
      direction === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort
    words[0] = lower[0]!
    words[4] = upper[0]!
    let hash = mix(mix(0x9e3779b9, lower[0]!), upper[0]!)
    if (family === 6) {
      for (let i = 1; i < 4; i++) {
        words[i] = lower[i]!
        words[4 + i] = upper[i]!
        hash = mix(mix(hash, lower[i]!), upper[i]!)
      }
    } else {
      words[1] = words[2] = words[3] = words[5] = words[6] = words[7] = 0
    }
    words[KEY_PORTS] = ports
    const meta = (space << 16) | (family << 8) | protocol
    words[KEY_META] = meta
    this.hash = finish(mix(mix(hash, ports), meta))
  }
}

function isLower(a: Uint32Array, b: Uint32Array, portA: number, portB: number): boolean {
  for (let i = 0; i < 4; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x !== y) return x < y
  }
  return portA <= portB
}

/** By word `KEY_META`. Its addresses are in words 0 and 4. */
export function isIpv4(meta: number): boolean {
  return (meta & 0xff00) === 0x400
}

/** One round of MurmurHash3 (32 bit): neighbouring addresses and ports spread over the whole table. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** Its finalizer: every input bit reaches the low bits that index the table. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}
