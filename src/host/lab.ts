import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { EXIT, UserError } from '../user-error.ts'
import { installCommand } from './install-command.ts'
import { lastError, setns, unshare } from './libc.ts'
import { systemProgram } from './process/system-program.ts'

/** Two network namespaces that see only each other. */
export type Room = 'client' | 'server'

export const ROOMS: readonly Room[] = ['client', 'server']

/** Private addresses (RFC 1918); nothing outside the two namespaces can see them. */
export const ADDRESSES: Readonly<Record<Room, string>> = { client: '10.9.8.1', server: '10.9.8.2' }
/** The two ends of the cable; each name exists in its own namespace only. */
export const INTERFACES: Readonly<Record<Room, string>> = { client: 'veth-client', server: 'veth-server' }

const CLONE_NEWNET = 0x4000_0000
const PREFIX_LENGTH = 30

/**
 * A client's and a server's network namespace, joined by a veth pair.
 *
 * Neither has a name: only our descriptors and the processes started inside hold them, so the kernel removes both,
 * and everything in them, when those are gone, whatever the reason (SIGKILL too).
 * Needs CAP_SYS_ADMIN and CAP_NET_ADMIN in the user namespace of this process.
 */
export class Lab {
  readonly #rooms: Record<Room, number>
  readonly #outside: number

  private constructor(rooms: Record<Room, number>, outside: number) {
    this.#rooms = rooms
    this.#outside = outside
  }

  /** True when this process may make network namespaces. */
  static isPossible(): boolean {
    const outside = openNamespace()
    try {
      closeSync(createNamespace(outside))
      return true
    } catch {
      return false
    } finally {
      closeSync(outside)
    }
  }

  static create(): Lab {
    requireIproute2()
    const outside = openNamespace()
    const lab = new Lab({ client: createNamespace(outside), server: createNamespace(outside) }, outside)
    try {
      lab.#connect()
    } catch (error) {
      lab.close()
      throw new UserError(`Cannot join two network namespaces: ${(error as Error).message}`, {
        hint: 'the kernel needs veth devices (CONFIG_VETH)',
        exitCode: EXIT.internal,
        cause: error,
      })
    }
    return lab
  }

  /**
   * Starts a program in a room. `setns` moves only this thread, and a child is forked from this thread:
   * nothing else of this process ever leaves its namespace.
   */
  spawn(room: Room, file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.inside(room, () => spawn(file, args, options))
  }

  /** Runs a program of the system in a room to its end; throws with what it wrote to stderr when it fails. */
  run(room: Room, name: 'ip' | 'nft', args: readonly string[]): void {
    const file = systemProgram(name)
    if (file === undefined) throw new Error(`there is no ${name} program`)
    const { error, status, stderr } = this.inside(room, () =>
      // Descriptor 3 is the other room, for `ip link … netns /proc/self/fd/3`.
      spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe', this.#rooms[other(room)]] }),
    )
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${[name, ...args].join(' ')}: ${String(stderr).trim()}`)
  }

  /** Runs `action` with this thread inside a room; it must not wait for anything. */
  inside<Result>(room: Room, action: () => Result): Result {
    enter(this.#rooms[room])
    try {
      return action()
    } finally {
      enter(this.#outside)
    }
  }

  close(): void {
    for (const room of ROOMS) closeSync(this.#rooms[room])
    closeSync(this.#outside)
  }

  #connect(): void {
    const [near, far] = [INTERFACES.client, INTERFACES.server]
    const cable = ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', '/proc/self/fd/3']
    this.run('client', 'ip', cable)
    for (const room of ROOMS) {
      const { [room]: iface } = INTERFACES
      this.run(room, 'ip', ['address', 'add', `${ADDRESSES[room]}/${PREFIX_LENGTH}`, 'dev', iface])
      this.run(room, 'ip', ['link', 'set', 'dev', 'lo', 'up'])
      this.run(room, 'ip', ['link', 'set', 'dev', iface, 'up'])
    }
  }
}

function other(room: Room): Room {
  return room === 'client' ? 'server' : 'client'
}

/** Descriptor of the network namespace of this thread; the caller closes it. */
function openNamespace(): number {
  return openSync('/proc/thread-self/ns/net', 'r')
}

/** Entering `outside` first asks whether there is a way back: its owner may be a user namespace above ours. */
function createNamespace(outside: number): number {
  enter(outside)
  if (unshare(CLONE_NEWNET) !== 0) throw lastError('Cannot create a network namespace')
  try {
    return openNamespace()
  } finally {
    enter(outside)
  }
}

function enter(namespace: number): void {
  if (setns(namespace, CLONE_NEWNET) !== 0) throw lastError('Cannot enter a network namespace')
}

function requireIproute2(): void {
  if (systemProgram('ip') !== undefined) return
  throw new UserError('Cannot join the namespaces: there is no `ip` program', {
    hint: `install iproute2: ${installCommand('iproute2')}`,
    exitCode: EXIT.internal,
  })
}
