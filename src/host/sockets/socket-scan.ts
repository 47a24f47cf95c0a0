import { type Dir, opendirSync, readlinkSync } from 'node:fs'
import { socketInode } from '../../sockets/process-text.ts'
import { cpuTime } from '../clock.ts'
import { listPids } from '../process/procfs.ts'
import { descriptorCount } from './descriptors.ts'

/** One descriptor of one process. */
export interface Descriptor {
  readonly pid: number
  readonly fd: number
}

export const INIT = 1
/** A process with more descriptors than this is read after the others. */
const MANY = 1024
/** Descriptors between two looks at the clock: about 0.1 ms. */
const STRIDE = 16

/**
 * All sockets of all processes, read from `/proc/PID/fd` in slices of time, so that the packet path never waits
 * for a machine with 100 000 descriptors (0.7 s and more). Of several holders of a socket the one with the lowest
 * pid is kept, which is the parent of the others as a rule; init, which opens sockets for services
 * (systemd.socket(5)), only when it is alone.
 */
export class SocketScan {
  readonly holders = new Map<number, Descriptor>()
  readonly #steps: Generator<void>
  done = false

  constructor() {
    this.#steps = this.#read()
  }

  /** Goes on for `milliseconds` of the processor's time, or until `enough` says so. */
  run(milliseconds: number, enough: () => boolean): void {
    const end = cpuTime() + milliseconds
    while (!this.done && !enough() && cpuTime() < end) this.done = this.#steps.next().done === true
  }

  /** Gives up what is left. */
  close(): void {
    this.done = true
    this.#steps.return(undefined)
  }

  *#read(): Generator<void> {
    const late: number[] = []
    for (const pid of listPids())
      if (pid === INIT || descriptorCount(pid) > MANY) late.push(pid)
      else yield* this.#readProcess(pid)
    // Init is the first of these by number, and has to be the last.
    for (const pid of late.reverse()) yield* this.#readProcess(pid)
  }

  *#readProcess(pid: number): Generator<void> {
    const folder = `/proc/${pid}/fd`
    let directory: Dir
    try {
      directory = opendirSync(folder)
    } catch {
      return
    }
    try {
      let count = 0
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const inode = socketInode(readlinkSync(`${folder}/${entry.name}`))
        if (inode >= 0 && !this.holders.has(inode)) this.holders.set(inode, { pid, fd: Number(entry.name) })
        count += 1
        if (count % STRIDE === 0) yield
      }
    } catch {
      // The process ended, or its links may not be read.
    } finally {
      directory.closeSync()
    }
    yield
  }
}
