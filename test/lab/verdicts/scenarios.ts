import { LOCAL } from './local.ts'
import { REFUSED } from './refused.ts'
import { RESET } from './reset.ts'
import type { Scenario } from './scenario.ts'
import { STALLED } from './stalled.ts'
import { TIMEOUT } from './timeout.ts'
import { UNREACHABLE } from './unreachable.ts'

/** Every scenario, those that take longest first. */
export const SCENARIOS: readonly Scenario[] = [
  ...LOCAL,
  ...STALLED,
  ...TIMEOUT,
  ...UNREACHABLE,
  ...RESET,
  ...REFUSED,
]
