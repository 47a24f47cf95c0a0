import type { Transition } from './event.ts'
import { EVENT_NAMES } from './event-numbers.ts'
import * as at from './layout.ts'
import { FlowMemory } from './memory.ts'
import { STATES } from './tcp-state.ts'
import type { Nanos } from './time.ts'

const NOTHING = new FlowMemory()

/** Every step that there can be, made once: `[endpoint][from][to]`. */
const TRANSITIONS: readonly (readonly (readonly Transition[])[])[] = (['server', 'client'] as const).map(
  (endpoint) => STATES.map((from) => STATES.map((to) => ({ endpoint, from, to }))),
)

/** What the event at hand says beside its segment: a borrowed view of the engine's memory. */
export class EventView {
  private words: Uint32Array = NOTHING.words
  private doubles: Float64Array = NOTHING.doubles
  private readonly word: number

  /** `address` is where the event is in the memory. */
  constructor(memory: FlowMemory, address: number) {
    this.word = address / 4
    memory.bind(this)
  }

  rebind(memory: FlowMemory): void {
    this.words = memory.words
    this.doubles = memory.doubles
  }

  get name(): (typeof EVENT_NAMES)[number] {
    return EVENT_NAMES[this.words[this.word + at.EVENT_KIND]!]!
  }
  /** Of the handshake or close, from 1. */
  get step(): number {
    return this.words[this.word + at.EVENT_STEP]!
  }
  /** It is also the step before. */
  get isCombined(): boolean {
    return this.words[this.word + at.EVENT_COMBINED] !== 0
  }
  /** How long it took; NaN where that is not known. */
  get nanos(): Nanos {
    return this.doubles[this.word / 2]! as Nanos
  }
  get transition(): Transition | undefined {
    const { words, word } = this
    if (words[word + at.EVENT_MOVES] === 0) return undefined
    return TRANSITIONS[words[word + at.EVENT_OF_CLIENT]!]![words[word + at.EVENT_FROM]!]![
      words[word + at.EVENT_TO]!
    ]!
  }
}
