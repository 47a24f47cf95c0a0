import { tcpState } from '../wire/tcp-states.ts'
import { MADE_BY_CALLER } from './transitions.ts'

/** `NONE` for 0, `STATE_14` for a number that this program has no name for. */
export function tcpStateName(state: number): string {
  return tcpState(state) ?? (state === 0 ? 'NONE' : `STATE_${state}`)
}

/** True where only the process that called connect(), listen(), shutdown() or close() makes this change itself. */
export function isMadeByCaller(from: number, to: number): boolean {
  return ((MADE_BY_CALLER.get(from) ?? 0) & (1 << to)) !== 0
}
