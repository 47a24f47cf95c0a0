import { sanitize } from './sanitize.ts'
import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

type CheckStatus = 'ok' | 'degraded' | 'missing'

/** One thing that was tried, as `socktrace doctor --json` prints it. */
export interface Check {
  readonly type: 'check'
  readonly name: string
  /** The plane that it is for; absent for what all planes, or only the demo, need. */
  readonly plane?: 'wire' | 'socket' | 'process' | 'kernel'
  readonly status: CheckStatus
  readonly detail: string
  /** The command that mends it; absent when there is nothing to mend. */
  readonly mend?: string
}

const MARKS: Readonly<Record<CheckStatus, string>> = { ok: '✓', degraded: '~', missing: '✗' }
/** Where the detail begins: behind mark, plane and name. */
const INDENT = ' '.repeat(23)
const PLANE_WIDTH = 8
const NAME_WIDTH = 12

/**
 * `✓ wire    packet ring  packets of …`, and below it how to mend what does not work, on a line of its own to be
 * copied. Details are wrapped at `width` cells.
 */
export function checkText(check: Check, style: Style, width: number): string {
  const { name, plane, status, detail, mend } = check
  const paint = { ok: style.good, degraded: style.warn, missing: style.bad }[status]
  const head = `${paint(MARKS[status])} ${(plane ?? '').padEnd(PLANE_WIDTH)}${style.bold(name.padEnd(NAME_WIDTH))} `
  const text = wrap(INDENT + sanitize(detail), width, INDENT).slice(INDENT.length)
  const below = mend === undefined ? '' : `${INDENT}${style.info(`mend: ${sanitize(mend)}`)}\n`
  return `${head}${text}\n${below}`
}
