import type { Btf } from '../../kernel/btf.ts'
import { LOG_LENGTH } from '../../kernel/change-log.ts'
import type { ProgramTarget } from '../../kernel/program.ts'
import { stateProgram } from '../../kernel/state-program.ts'
import type { Transitions } from '../../kernel/transitions.ts'
import * as libc from '../libc.ts'
import { attachTracepoint, attachTypedTracepoint, type BpfMemory, createMemory } from './bpf.ts'

const TRACEPOINT = 'inet_sock_set_state'

interface AttachedStates {
  readonly descriptors: readonly number[]
  /** The log of changes that nobody needs to be told of; absent where all are in the ring. */
  readonly log?: Uint8Array
}

/**
 * Attaches the program for changes of state. `isLazy`: what need not be told goes to the log (16 MiB), which costs less than
 * the ring, where the kernel is new enough for it (Linux 5.12). Throws `SystemError`.
 */
export function attachStates(
  btf: Btf,
  target: ProgramTarget,
  transitions: Transitions,
  isLazy: boolean,
): AttachedStates {
  const log = isLazy ? tryMemory() : undefined
  if (log === undefined) return { descriptors: attach(btf, target, transitions) }
  try {
    const descriptors = attach(btf, { ...target, log: log.fd }, transitions)
    return { descriptors: [...descriptors, log.fd], log: log.bytes }
  } catch (error) {
    libc.close(log.fd)
    if (!(error instanceof libc.SystemError)) throw error
    return { descriptors: attach(btf, target, transitions) }
  }
}

function tryMemory(): BpfMemory | undefined {
  try {
    return createMemory(LOG_LENGTH)
  } catch (error) {
    if (error instanceof libc.SystemError) return undefined
    throw error
  }
}

/** The typed program costs less; a kernel that refuses it may yet take the other. */
function attach(btf: Btf, target: ProgramTarget, transitions: Transitions): number[] {
  const type = btf.tracepoint(TRACEPOINT)
  try {
    if (type !== undefined)
      return attachTypedTracepoint(TRACEPOINT, type, stateProgram(target, transitions, true))
  } catch (error) {
    if (!(error instanceof libc.SystemError)) throw error
  }
  return attachTracepoint(TRACEPOINT, stateProgram(target, transitions, false))
}
