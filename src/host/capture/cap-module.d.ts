/** The part of the `cap` package (libpcap binding, CommonJS, no types of its own) that is used. */
declare module 'cap' {
  namespace cap {
    class Cap {
      static findDevice(): string | undefined
      /** Returns the link type's name. Keeps a raw pointer to `buffer`, but no reference. */
      open(device: string, filter: string, bufferBytes: number, buffer: Uint8Array): string
      close(): boolean
      /** The packet's first `length` bytes stand in the buffer given to `open`, until the listener returns. */
      on(event: 'packet', listener: (length: number, truncated: boolean) => void): this
    }
  }
  export = cap
}
