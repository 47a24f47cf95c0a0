/** One field of a tracepoint's record; offsets and sizes in bytes. */
export interface EventField {
  readonly offset: number
  readonly size: number
  readonly signed: boolean
}

/** What `events/GROUP/EVENT/format` of tracefs says: offsets move between kernels, so they are always read. */
export interface EventFormat {
  readonly name: string
  /** `common_type` of every record of this tracepoint; changes with each boot. */
  readonly id: number
  readonly fields: ReadonlyMap<string, EventField>
  /** How the kernel would print a record: the only place that names the numbers of an enum. */
  readonly print: string
}

const FIELD = /^\s*field:(.+?);\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:([01]);)?/
// The last identifier of a C declaration: `const void * skaddr`, `__u8 saddr[4]`, `__data_loc char[] name`.
const DECLARED_NAME = /([A-Za-z_]\w*)(?:\[[^\]]*\])?$/

/** Parses a `format` file (Documentation/trace/events.rst); `undefined` when it is none. */
export function parseEventFormat(text: string): EventFormat | undefined {
  const name = /^name: (\S+)/m.exec(text)?.[1]
  const id = /^ID: (\d+)/m.exec(text)?.[1]
  if (name === undefined || id === undefined) return undefined
  const fields = new Map<string, EventField>()
  for (const line of text.split('\n')) {
    const [, declaration, offset, size, signed] = FIELD.exec(line) ?? []
    const field = declaration === undefined ? undefined : DECLARED_NAME.exec(declaration.trim())?.[1]
    if (field === undefined) continue
    fields.set(field, { offset: Number(offset), size: Number(size), signed: signed === '1' })
  }
  return { name, id: Number(id), fields, print: /^print fmt: (.*)$/m.exec(text)?.[1] ?? '' }
}

/** Names by number from a tracepoint's `print fmt`: the `__print_symbolic` of one of its fields. */
export function printedNames(format: string, field: string): Map<number, string> {
  const list = new RegExp(`__print_symbolic\\(REC->${field}, ((?:\\{[^}]*\\}(?:, )?)+)`).exec(format)?.[1]
  const names = new Map<number, string>()
  for (const [, number, name] of (list ?? '').matchAll(/\{ (\d+), "([^"]*)" \}/g))
    names.set(Number(number), name!)
  return names
}
