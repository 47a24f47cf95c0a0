import { closeSync, fstatSync, read, readSync } from 'node:fs'
import { Socket } from 'node:net'
import type { UserError } from '../../user-error.ts'
import { unreadable } from '../input-errors.ts'

/** What `ByteInput.read` gives when `wake` ended its wait. */
export const WOKEN = -1

/** Where the bytes of a capture come from. */
export interface ByteInput {
  /** Fills `bytes` from `from` on, as far as there is something; 0 only at the end, or `WOKEN`. */
  read(bytes: Uint8Array, from: number): number | Promise<number>
  /** Fills at most `length` bytes from `from` on while something else is done; 0 only at the end. One call at a time. */
  fill?(bytes: Uint8Array, from: number, length: number): Promise<number>
  /** Ends a wait that is going on, or the next one. */
  wake(): void
  close(): void
}

/** A wait that others end; a call that comes too early is not lost. */
export class Alarm {
  #rung = false
  #resolve: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#resolve?.()
  }

  /** Resolves once it rings; at once if it rang since the last time. */
  async wait(): Promise<void> {
    if (!this.#rung)
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    this.#rung = false
    this.#resolve = undefined
  }
}

/** A regular file is read synchronously: 4 MiB take about a millisecond. */
export function fileInput(fd: number, name: string): ByteInput {
  let open = true
  let isFilling = false
  let isReleased = false
  // Not while a thread reads from it: its number could be another file's by then.
  const release = (): void => {
    if (open || isFilling || isReleased) return
    isReleased = true
    if (fd > 0) closeSync(fd)
  }
  return {
    read: (bytes, from) => (open ? readAhead(fd, bytes, from, name) : 0),
    fill: (bytes, from, length) =>
      new Promise((resolve, reject) => {
        if (!open) {
          resolve(0)
          return
        }
        isFilling = true
        read(fd, bytes, from, length, null, (error, count) => {
          isFilling = false
          release()
          if (error) reject(readFailure(error, name))
          else resolve(count)
        })
      }),
    wake() {},
    close() {
      if (!open) return
      open = false
      release()
    },
  }
}

/** How often a file is looked at that has nothing more for now, ms. */
const LOOK_MS = 100

/**
 * A file that is still being written: its end is a wait. `waiting` is called before each. Looking beats watching:
 * inotify tells nothing of a file on the network, and costs a system call for each write.
 */
export function growingInput(fd: number, name: string, waiting: () => void): ByteInput {
  const alarm = new Alarm()
  let open = true
  let woken = false
  let position = 0
  return {
    async read(bytes, from) {
      for (;;) {
        const count = open ? readAhead(fd, bytes, from, name) : 0
        position += count
        if (count > 0 || !open) return count
        if (fstatSync(fd).size < position)
          throw unreadable(name, 'it became shorter while it was followed', 'follow the file that grows now')
        waiting()
        const timer = setTimeout(() => alarm.ring(), LOOK_MS)
        await alarm.wait()
        clearTimeout(timer)
        if (woken) {
          woken = false
          return WOKEN
        }
      }
    },
    wake() {
      woken = true
      alarm.ring()
    },
    close() {
      if (open && fd > 0) closeSync(fd)
      open = false
      alarm.ring()
    },
  }
}

/**
 * A pipe is waited for by the event loop: a thread blocked in read(2) would keep the process from exiting.
 * `waiting` is called when there is nothing for now.
 */
export function pipeInput(fd: number, waiting: () => void): ByteInput {
  const socket = new Socket({ fd, readable: true, writable: false })
  const alarm = new Alarm()
  let failure: Error | undefined
  let woken = false
  const ring = (): void => alarm.ring()
  socket.on('readable', ring).on('end', ring).on('close', ring)
  socket.on('error', (error) => {
    failure = error
    ring()
  })
  return {
    async read(bytes, from) {
      for (;;) {
        const room = bytes.length - from
        const chunk: Buffer | null = socket.read(Math.min(room, socket.readableLength) || undefined)
        if (chunk !== null) {
          bytes.set(chunk, from)
          return chunk.length
        }
        if (failure !== undefined) throw failure
        if (socket.readableEnded || socket.destroyed) return 0
        if (woken) {
          woken = false
          return WOKEN
        }
        waiting()
        await alarm.wait()
      }
    },
    wake() {
      woken = true
      ring()
    },
    close() {
      socket.destroy()
    },
  }
}

/** As much as there is; less than there is room for only at the end of the file. */
function readAhead(fd: number, bytes: Uint8Array, from: number, name: string): number {
  let at = from
  try {
    while (at < bytes.length) {
      const count = readSync(fd, bytes, at, bytes.length - at, null)
      if (count === 0) break
      at += count
    }
  } catch (error) {
    throw readFailure(error, name)
  }
  return at - from
}

function readFailure(error: unknown, name: string): UserError {
  const { code } = error as NodeJS.ErrnoException
  return unreadable(name, `reading failed with ${code}`, 'check the file and its disk', error)
}
