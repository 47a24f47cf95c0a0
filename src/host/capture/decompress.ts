import { createGunzip, type Gunzip } from 'node:zlib'
import { Decompress } from 'fzstd'
import { Alarm, type ByteInput, WOKEN } from './byte-input.ts'

/** A compressed stream as the bytes in it; where it is damaged it ends, with what came before. */
export interface DecompressedInput extends ByteInput {
  /** What is wrong with the compressed data; known once `read` gave 0. */
  readonly damage: string | undefined
}

/** `first` are the bytes of `input` that were already read. */
export function decompress(format: 'gzip' | 'zstd', first: Uint8Array, input: ByteInput): DecompressedInput {
  return format === 'gzip' ? new GzipInput(first, input) : new ZstdInput(first, input)
}

/** Bytes read at a time, and at most lost where the data is damaged: zlib gives a piece of output whole or not. */
const GZIP_PIECE = 16 * 1024

/** gzip, also several members behind each other. zlib works on another thread. */
class GzipInput implements DecompressedInput {
  damage: string | undefined
  readonly #input: ByteInput
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: GZIP_PIECE })
  readonly #alarm = new Alarm()
  /** Whether all that was written is decompressed and read. */
  #idle = true
  #ended = false

  constructor(first: Uint8Array, input: ByteInput) {
    this.#input = input
    const ring = (): void => this.#alarm.ring()
    this.#gunzip.on('readable', ring).on('end', ring).on('close', ring)
    this.#gunzip.on('error', (error: NodeJS.ErrnoException) => {
      const cut = error.code === 'Z_BUF_ERROR'
      this.damage ??= cut ? 'the gzip data is cut short' : `the gzip data is damaged: ${error.message}`
      ring()
    })
    this.#write(first.slice())
  }

  async read(bytes: Uint8Array, from: number): Promise<number> {
    const gunzip = this.#gunzip
    for (;;) {
      const room = bytes.length - from
      const chunk: Buffer | null = gunzip.read(Math.min(room, gunzip.readableLength) || undefined)
      if (chunk !== null) {
        bytes.set(chunk, from)
        return chunk.length
      }
      if (this.damage !== undefined || gunzip.readableEnded || gunzip.destroyed) return 0
      if (this.#idle && !this.#ended) {
        const piece = new Uint8Array(GZIP_PIECE)
        const count = await this.#input.read(piece, 0)
        if (count === WOKEN) return WOKEN
        if (count > 0) this.#write(piece.subarray(0, count))
        else {
          this.#ended = true
          gunzip.end()
        }
      }
      await this.#alarm.wait()
    }
  }

  wake(): void {
    this.#input.wake()
  }

  close(): void {
    this.#input.close()
    this.#gunzip.destroy()
  }

  #write(piece: Uint8Array): void {
    this.#idle = false
    this.#gunzip.write(piece, () => {
      this.#idle = true
      this.#alarm.ring()
    })
  }
}

const ZSTD_READ = 64 * 1024
/** Bytes decompressed at a time: four can become 128 KiB (a block of one repeated byte), so these at most 128 MiB. */
const ZSTD_PIECE = 4 * 1024

/** zstd, also several frames behind each other. Checksums are not verified, dictionaries not known. */
class ZstdInput implements DecompressedInput {
  damage: string | undefined
  readonly #input: ByteInput
  /** Read, not yet decompressed. */
  #compressed: Uint8Array
  /** Decompressed, not yet asked for. */
  readonly #ready: Uint8Array[] = []
  readonly #zstd = new Decompress((chunk) => {
    if (chunk.length > 0) this.#ready.push(chunk)
  })
  #ended = false

  constructor(first: Uint8Array, input: ByteInput) {
    this.#input = input
    this.#compressed = first.slice()
  }

  async read(bytes: Uint8Array, from: number): Promise<number> {
    for (;;) {
      const chunk = this.#ready[0]
      if (chunk !== undefined) return this.#take(chunk, bytes, from)
      if (this.damage !== undefined || this.#ended) return 0
      if (this.#compressed.length === 0) {
        const piece = new Uint8Array(ZSTD_READ)
        const count = await this.#input.read(piece, 0)
        if (count === WOKEN) return WOKEN
        this.#ended = count === 0
        this.#compressed = piece.subarray(0, count)
      }
      this.#decompress()
    }
  }

  wake(): void {
    this.#input.wake()
  }

  close(): void {
    this.#input.close()
  }

  #take(chunk: Uint8Array, bytes: Uint8Array, from: number): number {
    const count = Math.min(chunk.length, bytes.length - from)
    bytes.set(chunk.subarray(0, count), from)
    if (count === chunk.length) this.#ready.shift()
    else this.#ready[0] = chunk.subarray(count)
    return count
  }

  #decompress(): void {
    const piece = this.#compressed.subarray(0, ZSTD_PIECE)
    this.#compressed = this.#compressed.subarray(piece.length)
    try {
      this.#zstd.push(piece, this.#ended)
    } catch (error) {
      const { message } = error as Error
      const cut = message === 'unexpected EOF'
      this.damage = cut ? 'the zstd data is cut short' : `the zstd data is damaged: ${message}`
    }
  }
}
