import { FlowEngine } from '../../src/flow/engine.ts'

/** An engine that tells nothing. */
export function bareEngine(): FlowEngine {
  return new FlowEngine(
    { event() {}, trouble() {}, closed() {}, letter() {}, forget() {}, lines() {} },
    0,
    1e6,
  )
}
