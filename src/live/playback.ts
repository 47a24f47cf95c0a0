/** How fast a file can be played, times real time. */
const SPEEDS: readonly number[] = [0.01, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000]
const REAL_TIME = SPEEDS.indexOf(1)
/** Parts of the file that `<` and `>` move by. */
const SEEKS = 20

/** What the keys of the playback do, as the help names them. */
export const PLAYBACK_KEYS: readonly (readonly [shown: string, does: string])[] = [
  ['Space', 'play, stand still'],
  ['. n', 'on to the next event'],
  ['< >', 'back, on by a twentieth of the file'],
  ['0 … 9', 'to the beginning, to 10 %, …, to 90 %'],
  ['$', 'to the end'],
  ['- +', 'slower, faster'],
]

/** The time of a capture file that is played: under the user's control. Times are epoch milliseconds. */
export class Playback {
  readonly start: number
  readonly end: number
  /** Of the files, for people. */
  readonly name: string
  readonly #clock: () => number
  #position: number
  /** The clock's time at `#position`, while it plays. */
  #anchor: number | undefined
  #speed = REAL_TIME
  #stepping = false
  #restart = false
  #changed: () => void = () => {}

  /** `clock` counts milliseconds, from whenever. */
  constructor(name: string, start: number, end: number, clock: () => number) {
    this.name = name
    this.start = start
    this.end = end
    this.#clock = clock
    this.#position = start
    this.#anchor = clock()
  }

  /** Called whenever the user changed something. */
  set changed(listener: () => void) {
    this.#changed = listener
  }

  get now(): number {
    if (this.#anchor === undefined) return this.#position
    const passed = (this.#clock() - this.#anchor) * this.speed
    return Math.min(this.end, this.#position + passed)
  }

  get speed(): number {
    return SPEEDS[this.#speed]!
  }

  get playing(): boolean {
    return this.#anchor !== undefined && this.now < this.end
  }

  /** Packets are wanted one by one, until something happens. */
  get stepping(): boolean {
    return this.#stepping
  }

  /** What was played has to be played again from the beginning. */
  get restarting(): boolean {
    return this.#restart
  }

  /** It begins again. */
  restarted(): void {
    this.#restart = false
  }

  /** The step led to `ms`, or to the end. */
  stepped(ms: number): void {
    this.#stepping = false
    this.#position = Math.max(this.#position, Math.min(this.end, ms))
  }

  /** False for keys that have nothing to do with it. */
  press(key: string): boolean {
    switch (key) {
      case 'space':
        if (this.now >= this.end) {
          this.#seek(this.start)
          this.#hold(true)
        } else this.#hold(this.#anchor === undefined)
        break
      case '.':
      case 'n':
        this.#hold(false)
        this.#stepping = true
        break
      case '<':
        this.#seek(this.now - (this.end - this.start) / SEEKS)
        break
      case '>':
        this.#seek(this.now + (this.end - this.start) / SEEKS)
        break
      case '$':
        this.#seek(this.end)
        break
      case '+':
      case '=':
        this.#faster(1)
        break
      case '-':
        this.#faster(-1)
        break
      default:
        if (!/^[0-9]$/.test(key)) return false
        this.#seek(this.start + ((this.end - this.start) * Number(key)) / 10)
    }
    this.#changed()
    return true
  }

  /** Everything before the new position is analysed again when it lies back. */
  #seek(ms: number): void {
    const to = Math.max(this.start, Math.min(this.end, ms))
    if (to < this.now) this.#restart = true
    this.#stepping = false
    this.#position = to
    if (this.#anchor !== undefined) this.#anchor = this.#clock()
  }

  #hold(plays: boolean): void {
    this.#position = this.now
    this.#stepping = false
    this.#anchor = plays ? this.#clock() : undefined
  }

  #faster(steps: number): void {
    this.#position = this.now
    if (this.#anchor !== undefined) this.#anchor = this.#clock()
    this.#speed = Math.max(0, Math.min(SPEEDS.length - 1, this.#speed + steps))
  }
}
