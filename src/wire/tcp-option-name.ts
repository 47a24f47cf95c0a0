/**
 * Names of the TCP option kinds in the IANA registry, reserved and historic ones included, as short as tcpdump's
 * where it has one.
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'eol'],
  [1, 'nop'],
  [2, 'mss'],
  [3, 'wscale'],
  [4, 'sackOK'],
  [5, 'sack'],
  [6, 'echo'],
  [7, 'echoreply'],
  [8, 'TS'],
  [9, 'poconn'],
  [10, 'poprofile'],
  [11, 'cc'],
  [12, 'ccnew'],
  [13, 'ccecho'],
  [14, 'altsum'],
  [15, 'altsumdata'],
  [16, 'skeeter'],
  [17, 'bubba'],
  [18, 'trailersum'],
  [19, 'md5'],
  [20, 'scps'],
  [21, 'snack'],
  [22, 'recordbound'],
  [23, 'corruption'],
  [24, 'snap'],
  [26, 'compression'],
  [27, 'quickstart'],
  [28, 'uto'],
  [29, 'tcp-ao'],
  [30, 'mptcp'],
  [34, 'tfo'],
  [69, 'eno'],
  [172, 'accecn0'],
  [174, 'accecn1'],
  [253, 'exp1'],
  [254, 'exp2'],
])

/** `opt-N` for a kind that is not registered. */
export function tcpOptionName(kind: number): string {
  return NAMES.get(kind) ?? `opt-${kind}`
}
