import { KEY_META, KEY_PORTS, KEY_WORDS } from './layout.ts'

/**
 * The identity of a flow, the same for both directions: the lower endpoint (by address, then port) comes first.
 *
 * Words 0–3 are the lower address, 4–7 the upper one (IPv4 in the first of its four), word 8 is
 * lower port << 16 | upper port, word 9 is space << 16 | family << 8 | protocol. `space` tells apart equal
 * addresses of different networks (a tunnel, a namespace); 0 is the network of the capture itself.
 */
export class FlowKey {
  readonly words: Uint32Array = new Uint32Array(KEY_WORDS)
  /** 0 when the packet's source is the lower endpoint, 1 when it is the upper one. */
  direction = 0

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
    words[0] = lower[0]!
    words[4] = upper[0]!
    for (let i = 1; i < 4; i++) {
      words[i] = family === 6 ? lower[i]! : 0
      words[4 + i] = family === 6 ? upper[i]! : 0
    }
    words[KEY_PORTS] =
      direction === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort
    words[KEY_META] = (space << 16) | (family << 8) | protocol
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
