import { type EngineHost, FlowEngine } from '../../src/flow/engine.ts'
import { MODERN_LADDER } from '../../src/flow/syn-ladder.ts'

/** An engine whose host hears nothing but what is named. */
export function bareEngine(heard: Partial<EngineHost> = {}): FlowEngine {
  const host: EngineHost = {
    event() {},
    trouble() {},
    late() {},
    closed: () => false,
    letter() {},
    moreLetters: () => '',
    forget() {},
    lines() {},
    ifaceText: () => '',
    ...heard,
  }
  return new FlowEngine(host, MODERN_LADDER, 0, 1e6)
}
