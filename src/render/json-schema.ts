/** A JSON Schema (draft 2020-12) or a part of one. */
export type Schema = { readonly [keyword: string]: unknown }

type OptionalKeys<T> = { [Key in keyof T]-?: object extends Pick<T, Key> ? Key : never }[keyof T]

/**
 * The schema of an object of type `T`. The compiler holds it to the type: a key that the type has and the schema
 * has not, or the other way round, or that is optional in only one of them, does not compile.
 */
export function objectOf<T>(
  required: { readonly [Key in Exclude<keyof T, OptionalKeys<T>>]: Schema },
  optional: { readonly [Key in OptionalKeys<T>]-?: Schema },
): Schema {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  }
}

/** One of some words, held to a union of literals in the same way. */
export function wordOf<Word extends string>(words: Readonly<Record<Word, string | true>>): Schema {
  return { enum: Object.keys(words) }
}

export function refTo(name: string): Schema {
  return { $ref: `#/$defs/${name}` }
}

export function orNull(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] }
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items }
}

export function constant(value: string | number | boolean): Schema {
  return { const: value }
}

export const text: Schema = { type: 'string' }
export const flag: Schema = { type: 'boolean' }
/** Counts, sizes, ports, pids. */
export const count: Schema = { type: 'integer', minimum: 0 }
/** A time span or a moment, with a fraction. */
export const number: Schema = { type: 'number' }
/** RFC 3339, UTC, nanoseconds where the source has them. */
export const time: Schema = {
  type: 'string',
  pattern: '^\\d{4,}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$',
}
