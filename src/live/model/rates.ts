/** Packets and bytes, in all and in the second before the latest look. */
export class Rates {
  packets = 0
  bytes = 0
  packetsPerSecond = 0
  bytesPerSecond = 0
  #at: number | undefined
  #packets = 0
  #bytes = 0

  /** True when a number to show is another one now. */
  look(ms: number): boolean {
    const seconds = this.#at === undefined ? 0 : (ms - this.#at) / 1000
    const { packetsPerSecond, bytesPerSecond } = this
    if (seconds > 0) {
      this.packetsPerSecond = (this.packets - this.#packets) / seconds
      this.bytesPerSecond = (this.bytes - this.#bytes) / seconds
    }
    this.#at = ms
    this.#packets = this.packets
    this.#bytes = this.bytes
    return packetsPerSecond !== this.packetsPerSecond || bytesPerSecond !== this.bytesPerSecond
  }
}
