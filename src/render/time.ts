import { dateText } from '../date-text.ts'

/** What `--time-format` accepts. */
export const TIME_FORMATS = ['local', 'utc', 'epoch', 'delta'] as const
export type TimeFormat = (typeof TIME_FORMATS)[number]

const NANOS_PER_SECOND = 1e9
const SECONDS_PER_DAY = 86_400

/** When: what every timed object of the JSON contract begins with. */
export interface Stamp {
  /** RFC 3339, UTC, nanoseconds. */
  readonly time: string
  /** Epoch seconds. */
  readonly ts: number
}

/**
 * Turns a trace's times (nanoseconds since `originSeconds`) into text. The part down to the second is made
 * once a second and kept, since times come almost in order; the date once a day.
 */
export class TraceClock {
  originSeconds: number
  #isoSecond = Number.NaN
  #iso = ''
  #isoDay = Number.NaN
  #isoDate = ''
  #textSecond = Number.NaN
  #text = ''
  #previous = Number.NaN

  constructor(originSeconds = 0) {
    this.originSeconds = originSeconds
  }

  /** RFC 3339, UTC, nanoseconds: the `time` of the JSON contract. */
  rfc3339(nanos: number): string {
    const second = Math.floor(nanos / NANOS_PER_SECOND)
    return `${this.isoSecond(second)}.${digits(nanos - second * NANOS_PER_SECOND, 9)}Z`
  }

  /** The part of `rfc3339` that is the same for a second, counted from the trace's origin. */
  isoSecond(second: number): string {
    if (second === this.#isoSecond) return this.#iso
    this.#isoSecond = second
    const seconds = datable(this.originSeconds + second)
    const day = Math.floor(seconds / SECONDS_PER_DAY)
    if (day !== this.#isoDay) {
      this.#isoDay = day
      this.#isoDate = dateText(day)
    }
    this.#iso = this.#isoDate + clockText(seconds - day * SECONDS_PER_DAY)
    return this.#iso
  }

  /** Epoch seconds as a number (microsecond precision is what a double holds): the `ts` of the JSON contract. */
  epoch(nanos: number): number {
    return Math.round(this.originSeconds * 1e6 + nanos / 1e3) / 1e6
  }

  stamp(nanos: number): Stamp {
    return { time: this.rfc3339(nanos), ts: this.epoch(nanos) }
  }

  /** The time column of the text output; `delta` is seconds since the previous call. */
  text(nanos: number, format: TimeFormat): string {
    const second = Math.floor(nanos / NANOS_PER_SECOND)
    const micros = digits(Math.floor((nanos - second * NANOS_PER_SECOND) / 1000), 6)
    switch (format) {
      case 'epoch':
        return `${this.originSeconds + second}.${micros}`
      case 'delta': {
        const delta = Number.isNaN(this.#previous) ? 0 : nanos - this.#previous
        this.#previous = nanos
        return `${delta < 0 ? '-' : '+'}${(Math.abs(delta) / NANOS_PER_SECOND).toFixed(6)}`
      }
      case 'utc':
      case 'local':
        if (second !== this.#textSecond) {
          this.#textSecond = second
          this.#text = clockSecond(this.originSeconds + second, format)
        }
        return `${this.#text}.${micros}`
      default:
        return format satisfies never
    }
  }
}

/** `seconds` outside what a Date can hold (a damaged file) are shown as the last moment that fits. */
function datable(seconds: number): number {
  return Math.max(-8.64e12, Math.min(8.64e12, seconds))
}

function dateOf(seconds: number): Date {
  return new Date(datable(seconds) * 1000)
}

function clockSecond(seconds: number, format: 'local' | 'utc'): string {
  const date = dateOf(seconds)
  if (format === 'utc') return date.toISOString().slice(11, 19)
  return `${digits(date.getHours(), 2)}:${digits(date.getMinutes(), 2)}:${digits(date.getSeconds(), 2)}`
}

function digits(number: number, width: number): string {
  return String(number).padStart(width, '0')
}

/** `08:00:00` of the seconds of a day. */
function clockText(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return `${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}:${digits(seconds % 60, 2)}`
}
