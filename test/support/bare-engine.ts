import { FlowEngine } from '../../src/flow/engine.ts'
import { MODERN_LADDER } from '../../src/flow/syn-ladder.ts'

/** An engine that tells nothing. */
export function bareEngine(): FlowEngine {
  const host = {
    event() {},
    trouble() {},
    late() {},
    closed: () => false,
    letter() {},
    moreLetters: () => '',
    forget() {},
    lines() {},
    ifaceText: () => '',
  }
  return new FlowEngine(host, MODERN_LADDER, 0, 1e6)
}
