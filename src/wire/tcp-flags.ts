import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from './tcp-bits.ts'

/** In tcpdump's order; the dot stands for ACK. */
const LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [FIN, 'F'],
  [SYN, 'S'],
  [RST, 'R'],
  [PSH, 'P'],
  [ACK, '.'],
  [URG, 'U'],
  [ECE, 'E'],
  [CWR, 'W'],
  [AE, 'e'],
]

const COMBINATIONS = 512

/** Every combination of the nine flags as tcpdump prints it between the brackets, made once. */
const TEXTS: readonly string[] = Array.from({ length: COMBINATIONS }, (_, flags) => {
  const text = LETTERS.map(([flag, letter]) => ((flags & flag) !== 0 ? letter : '')).join('')
  return text === '' ? 'none' : text
})

/** `S`, `S.`, `.`, `P.`, `F.`, `R`, …; `none` without flags. `flags` as `TcpHeader.flags`. */
export function flagsText(flags: number): string {
  return TEXTS[flags & (COMBINATIONS - 1)]!
}
