import { isLinux } from '../../support/linux.ts'
import { LOCAL } from './local.ts'
import { REFUSED } from './refused.ts'
import { RESET } from './reset.ts'
import type { Scenario } from './scenario.ts'
import { STALLED } from './stalled.ts'
import { TIMEOUT } from './timeout.ts'
import { UNREACHABLE } from './unreachable.ts'

const ALL: readonly Scenario[] = [...LOCAL, ...STALLED, ...TIMEOUT, ...UNREACHABLE, ...RESET, ...REFUSED]

/** Every scenario that this kernel can be brought to, those that take longest first. */
export const SCENARIOS: readonly Scenario[] = ALL.filter(isPossible)
export const IMPOSSIBLE: readonly Scenario[] = ALL.filter((scenario) => !isPossible(scenario))

function isPossible({ since }: Scenario): boolean {
  return since === undefined || isLinux(since)
}
