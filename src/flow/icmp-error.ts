import { OUTCOME_REFUSED, OUTCOME_UNREACHABLE } from './record-words.ts'

/** What an ICMP error means to the connection whose segment it quotes. */
export interface IcmpError {
  readonly name: string
  /** What connect() fails with on Linux; absent where the message ends nothing. */
  readonly error?: string
}

interface Row extends IcmpError {
  readonly family: 4 | 6
  readonly type: number
  /** -1 is every code that has no row of its own. */
  readonly code: number
}

const row = (family: 4 | 6, type: number, code: number, name: string, error?: string): Row =>
  error === undefined ? { family, type, code, name } : { family, type, code, name, error }

/** Names by RFC 792, 1122, 1812 and 4443; errors by Linux (icmp_err_convert, icmpv6_err_convert). */
const ROWS: readonly Row[] = [
  row(4, 3, 0, 'net unreachable', 'ENETUNREACH'),
  row(4, 3, 1, 'host unreachable', 'EHOSTUNREACH'),
  row(4, 3, 2, 'protocol unreachable', 'ENOPROTOOPT'),
  row(4, 3, 3, 'port unreachable', 'ECONNREFUSED'),
  row(4, 3, 4, 'fragmentation needed'),
  row(4, 3, 5, 'source route failed', 'EOPNOTSUPP'),
  row(4, 3, 6, 'net unknown', 'ENETUNREACH'),
  row(4, 3, 7, 'host unknown', 'EHOSTDOWN'),
  row(4, 3, 8, 'host isolated', 'ENONET'),
  row(4, 3, 9, 'net prohibited', 'ENETUNREACH'),
  row(4, 3, 10, 'host prohibited', 'EHOSTUNREACH'),
  row(4, 3, 11, 'net unreachable for this type of service', 'ENETUNREACH'),
  row(4, 3, 12, 'host unreachable for this type of service', 'EHOSTUNREACH'),
  row(4, 3, 13, 'prohibited by filter', 'EHOSTUNREACH'),
  row(4, 3, 14, 'host precedence violation', 'EHOSTUNREACH'),
  row(4, 3, 15, 'precedence cutoff', 'EHOSTUNREACH'),
  row(4, 3, -1, 'destination unreachable'),
  row(4, 4, -1, 'source quench'),
  row(4, 5, -1, 'redirect'),
  row(4, 11, 0, 'time to live exceeded', 'EHOSTUNREACH'),
  row(4, 11, -1, 'time exceeded', 'EHOSTUNREACH'),
  row(4, 12, -1, 'parameter problem', 'EPROTO'),
  row(6, 1, 0, 'no route', 'ENETUNREACH'),
  row(6, 1, 1, 'prohibited by filter', 'EACCES'),
  row(6, 1, 2, 'beyond scope of source address', 'EHOSTUNREACH'),
  row(6, 1, 3, 'address unreachable', 'EHOSTUNREACH'),
  row(6, 1, 4, 'port unreachable', 'ECONNREFUSED'),
  row(6, 1, 5, 'source address failed policy', 'EACCES'),
  row(6, 1, 6, 'reject route', 'EACCES'),
  row(6, 1, -1, 'destination unreachable', 'EPROTO'),
  row(6, 2, -1, 'packet too big'),
  row(6, 3, 0, 'hop limit exceeded', 'EHOSTUNREACH'),
  row(6, 3, -1, 'time exceeded', 'EHOSTUNREACH'),
  row(6, 4, -1, 'parameter problem', 'EPROTO'),
  row(6, 137, -1, 'redirect'),
]

/** Index for `icmpErrorAt`, -1 when the message is not an error that has a row. */
export function findIcmpError(family: number, type: number, code: number): number {
  const exact = ROWS.findIndex((r) => r.family === family && r.type === type && r.code === code)
  if (exact >= 0) return exact
  return ROWS.findIndex((r) => r.family === family && r.type === type && r.code === -1)
}

export function icmpErrorAt(index: number): IcmpError {
  return ROWS[index]!
}

/** The outcome of an attempt that each ended, for each value of `FlowView.icmpError`: index plus 1, 0 for none. */
export const ICMP_OUTCOMES = Uint8Array.of(
  0,
  ...ROWS.map(({ error }) => (error === 'ECONNREFUSED' ? OUTCOME_REFUSED : OUTCOME_UNREACHABLE)),
)
