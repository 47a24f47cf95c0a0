import type { PacketBatch } from '../../capture/batch.ts'
import { CbpfError, CbpfProgram } from '../../capture/cbpf.ts'
import type { CaptureInterface } from '../../capture/source.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { compileFilter } from './filter-compiler.ts'

/** Accepted packets are not cut: the file was, if at all, when it was written. */
const WHOLE_PACKET = 262_144

/** A capture filter for a file: one program per link type, since a pcapng file can mix them. */
export class FileFilter {
  readonly #expression: string
  readonly #byLinkType = new Map<number, CbpfProgram>()
  readonly #byInterface: CbpfProgram[] = []

  constructor(expression: string) {
    this.#expression = expression
  }

  /** Removes the rows that the filter rejects; the others move up. Throws `UserError` for a wrong filter. */
  apply(batch: PacketBatch, interfaces: readonly CaptureInterface[]): void {
    for (let at = this.#byInterface.length; at < interfaces.length; at++)
      this.#byInterface.push(this.#program(interfaces[at]!.linkType))
    const { count, view, start, captured, original, time, iface, number } = batch
    let kept = 0
    for (let row = 0; row < count; row++) {
      const program = this.#byInterface[iface[row]!]!
      if (program.run(view, start[row]!, captured[row]!, original[row]!) === 0) continue
      start[kept] = start[row]!
      captured[kept] = captured[row]!
      original[kept] = original[row]!
      time[kept] = time[row]!
      iface[kept] = iface[row]!
      number[kept] = number[row]!
      kept++
    }
    batch.count = kept
  }

  #program(linkType: number): CbpfProgram {
    const known = this.#byLinkType.get(linkType)
    if (known !== undefined) return known
    try {
      const program = new CbpfProgram(compileFilter(this.#expression, linkType, WHOLE_PACKET))
      this.#byLinkType.set(linkType, program)
      return program
    } catch (error) {
      if (!(error instanceof CbpfError)) throw error
      throw new UserError(
        `Cannot use filter ${JSON.stringify(this.#expression)} on a file: ${error.message}`,
        {
          hint: 'it works in a live capture',
          exitCode: EXIT.usage,
          cause: error,
        },
      )
    }
  }
}
