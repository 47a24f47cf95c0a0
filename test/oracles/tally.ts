import { explanation } from './rules.ts'

/** One thing in which a file differs from an oracle's word. */
export interface Difference {
  readonly file: string
  /** Frame, stream or connection, and what of it. */
  readonly at: string
  readonly ours: string
  readonly theirs: string
}

/** How many of the things compared are equal, explained by a rule, or neither. */
export class Tally {
  compared = 0
  equal = 0
  /** Differences that a rule of docs/differences.md explains, by its id. */
  readonly explained = new Map<string, Difference[]>()
  readonly unexplained: Difference[] = []

  compare(file: string, at: string, ours: string | number, theirs: string | number): void {
    this.compared++
    if (`${ours}` === `${theirs}`) this.equal++
    else this.differ({ file, at, ours: `${ours}`, theirs: `${theirs}` })
  }

  /** Numbers that were rounded on the way. */
  compareWithin(file: string, at: string, ours: number, theirs: number, rounding: number): void {
    const same = Math.abs(ours - theirs) <= rounding
    this.compare(file, at, same ? theirs : ours, theirs)
  }

  add(other: Tally): void {
    this.compared += other.compared
    this.equal += other.equal
    for (const [rule, differences] of other.explained)
      this.explained.set(rule, [...(this.explained.get(rule) ?? []), ...differences])
    this.unexplained.push(...other.unexplained)
  }

  /** Equal without any rule's help. */
  get share(): number {
    return this.compared === 0 ? 1 : this.equal / this.compared
  }

  private differ(difference: Difference): void {
    const rule = explanation(difference)
    if (rule === undefined) this.unexplained.push(difference)
    else this.explained.set(rule, [...(this.explained.get(rule) ?? []), difference])
  }
}

export const differenceText = ({ file, at, ours, theirs }: Difference): string =>
  `${file}: ${at}: ${ours}, theirs ${theirs}`
