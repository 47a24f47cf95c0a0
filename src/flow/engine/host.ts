// What the engine calls; `engine.ts` has the other end.

/** The memory has grown: views see it whole only when they are made anew. */
export declare function grown(): void
/** There is no more memory: does not return. */
export declare function exhausted(): void
/** The segment at hand is the event at hand; its sentence is borrowed ASCII. */
export declare function event(text: usize, length: u32): void
/** It can matter to a verdict. `time` is when its sender sent the one before. */
export declare function trouble(time: f64): void
/** The same of a reset that was kept: nothing of its flow came since. */
export declare function late(time: f64): void
/** The row is about to be freed: whether its record is to be a line. `now` is the capture's clock, nanoseconds. */
export declare function closed(row: u32, now: f64): bool
/** A letter of its history for which the row has no room. */
export declare function letter(row: u32, code: i32): void
/** Writes such letters of a row, `room` at most; returns how many. */
export declare function moreLetters(row: u32, address: usize, room: u32): u32
/** The row is about to be freed, and it had no room for more letters. */
export declare function forget(row: u32): void
/** Lines that are gathered: borrowed until the call returns. */
export declare function lines(address: usize, length: u32): void
/** Writes `String` of a number, or a day's date up to its T, where `address` says; returns how many letters it has. */
export declare function numberText(value: f64, address: usize): u32
export declare function dateText(day: f64, address: usize): u32
/** Or the JSON text of an interface's name, nothing when it has none; -1 when that is longer than IFACE_TEXT_BYTES. */
export declare function ifaceText(iface: i32, address: usize): i32

/** What the host wants to be told: TELL_ bits. */
export let told: i32 = 0
/** Flows held at once. */
export let maxFlows: u32 = u32.MAX_VALUE

export function configure(tell: i32, most: u32): void {
  told = tell
  maxFlows = most
}
