/** A row of the engine's table. Rows are reused once their flow is over; `FlowView.serial` is what names a flow for good. */
export type FlowId = number & { readonly __flow: true }

export const NO_FLOW = 0 as FlowId
