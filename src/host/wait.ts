import * as libc from './libc.ts'

/** Longest wait when nothing happens, milliseconds: the pace of whatever hangs on the clock. */
const IDLE_MS = 200

const POLLIN = 1
const POLLOUT = 4
const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000
const POLLFD_SIZE = 8

/**
 * The one place where the program sleeps: a single `poll(2)` over every descriptor (packet rings, kernel event
 * rings, netlink) and an eventfd, on one libuv thread. No other asynchronous foreign call waits for anything: each
 * one pending holds one of the four libuv threads, and `process.exit` waits for it.
 *
 * Idle it costs 0.05 % of a core; `wake()` and `close()` end a pending wait within 1 ms.
 */
export class Waiter {
  /** What is waited for on each descriptor. */
  readonly #descriptors = new Map<number, number>()
  readonly #wakeBytes = new Uint8Array(new BigUint64Array([1n]).buffer)
  readonly #drained = new Uint8Array(8)
  readonly #event: number
  #pending: Promise<void> | undefined
  #closed = false

  constructor() {
    this.#event = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)
    if (this.#event === -1) throw libc.lastError('eventfd')
  }

  /** From the next wait on, data (or an error) on `fd` ends it; a wait that is pending ends now. */
  add(fd: number): void {
    this.#descriptors.set(fd, POLLIN)
    if (this.#pending !== undefined) this.wake()
  }

  /** The same once something can be written to `fd`: a connect() has ended. */
  addWriter(fd: number): void {
    this.#descriptors.set(fd, POLLOUT)
    if (this.#pending !== undefined) this.wake()
  }

  /** Call it before `fd` is closed. A wait that is pending ends now. */
  remove(fd: number): void {
    if (this.#descriptors.delete(fd) && this.#pending !== undefined) this.wake()
  }

  /**
   * Resolves when a descriptor is readable or in error, at `wake()` or `close()`, or after `timeoutMs`.
   * While one is pending every caller gets that same one. After `close()` it resolves at once.
   */
  wait(timeoutMs: number = IDLE_MS): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#pending ??= this.#poll(timeoutMs)
    return this.#pending
  }

  /** Ends a pending wait, or the next one. */
  wake(): void {
    if (!this.#closed) libc.write(this.#event, this.#wakeBytes, 8)
  }

  /** Ends a pending wait and frees the eventfd; the descriptors stay their owners'. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.wake()
    this.#closed = true
    if (this.#pending === undefined) libc.close(this.#event)
  }

  async #poll(timeoutMs: number): Promise<void> {
    const table = this.#table()
    try {
      await new Promise<void>((resolve, reject) => {
        // EINTR and the like count as a wake: the caller looks at its descriptors and waits again.
        libc.pollAsync(table, table.length / POLLFD_SIZE, timeoutMs, (error) =>
          error === null || error === undefined ? resolve() : reject(error),
        )
      })
    } finally {
      this.#pending = undefined
      if (this.#closed) libc.close(this.#event)
      else libc.read(this.#event, this.#drained, 8)
    }
  }

  /** `struct pollfd[]`: i32 fd, i16 events, i16 revents. A new one per wait, since the thread writes into it. */
  #table(): Uint8Array {
    const table = new Uint8Array((this.#descriptors.size + 1) * POLLFD_SIZE)
    const view = new DataView(table.buffer)
    let offset = 0
    for (const [fd, events] of [[this.#event, POLLIN] as const, ...this.#descriptors]) {
      view.setInt32(offset, fd, true)
      view.setInt16(offset + 4, events, true)
      offset += POLLFD_SIZE
    }
    return table
  }
}
