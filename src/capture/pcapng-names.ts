import type { RecordedName } from './decoder.ts'
import { NAME_IPV4, NAME_IPV6 } from './pcapng.ts'
import { decodeUtf8 } from './utf8.ts'

/** Addresses that get a name: what a hostile file may make us keep. */
const MAX_NAMES = 65_536
/** RFC 1035 section 2.3.4: no domain name is longer, bytes. */
const MAX_NAME_BYTES = 255

/** Gathers the names of a file's name resolution blocks: of each address the first. */
export class NameCollector {
  readonly all: RecordedName[] = []
  readonly #known = new Set<string>()

  /**
   * One record, with its value in `bytes[at, at + size)`: an address in network byte order, then its names, each
   * ended by a zero byte. Records of other kinds, too short ones and empty names count for nothing.
   */
  add(bytes: Uint8Array, view: DataView, kind: number, at: number, size: number): void {
    const family = kind === NAME_IPV4 ? 4 : kind === NAME_IPV6 ? 6 : undefined
    if (family === undefined || this.all.length === MAX_NAMES) return
    const addressBytes = family === 4 ? 4 : 16
    if (size <= addressBytes) return
    const words = new Uint32Array(4)
    for (let word = 0; word * 4 < addressBytes; word++) words[word] = view.getUint32(at + word * 4)
    const key = `${family},${words.join()}`
    if (this.#known.has(key)) return
    const begin = at + addressBytes
    const names = bytes.subarray(begin, at + size)
    const zero = names.indexOf(0)
    const length = zero < 0 ? names.length : zero
    if (length === 0 || length > MAX_NAME_BYTES) return
    this.#known.add(key)
    this.all.push({ family, words, name: decodeUtf8(names, 0, length) })
  }
}
