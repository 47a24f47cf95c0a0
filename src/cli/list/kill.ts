import { readSync } from 'node:fs'
import { canDestroy, destroySockets } from '../../host/sockets/destroy.ts'
import { endpointText, NUMERIC } from '../../render/socket-text.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { EXIT, type ExitCode, UserError } from '../../user-error.ts'
import type { Io } from '../io.ts'

/** Closes what was selected, after a question unless `yes`. Exit code 1 when nothing was closed. */
export function closeSockets(selected: readonly SocketRecord[], yes: boolean, io: Io): ExitCode {
  const closable = selected.filter(canDestroy)
  if (closable.length === 0) {
    io.note('socktrace: no TCP or UDP socket matches, nothing is closed')
    return EXIT.finding
  }
  if (!yes && !confirmed(closable.length)) {
    io.note('socktrace: nothing is closed')
    return EXIT.finding
  }
  const outcomes = destroySockets(closable)
  if (outcomes.every((code) => code === 'EPERM' || code === 'EACCES'))
    throw new UserError('Cannot close sockets: the privilege is missing', {
      hint: 'run with sudo (CAP_NET_ADMIN)',
      exitCode: EXIT.privilege,
    })
  if (outcomes.every((code) => code === 'EOPNOTSUPP'))
    throw new UserError('Cannot close sockets: this kernel cannot (CONFIG_INET_DIAG_DESTROY)', {
      hint: 'close the program that holds them instead',
      exitCode: EXIT.internal,
    })
  let closed = 0
  for (const [index, code] of outcomes.entries()) {
    const record = closable[index]!
    const ends = `${endpointText(record, 'local', NUMERIC)} ${endpointText(record, 'remote', NUMERIC)}`
    if (code === undefined) {
      closed++
      io.write(`closed ${record.netid} ${record.state} ${ends}\n`)
    } else io.note(`socktrace: ${ends} is not closed: ${code === 'ENOENT' ? 'it was gone' : code}`)
  }
  return closed > 0 ? EXIT.fine : EXIT.finding
}

/** Asks on the terminal; without one there is nobody to ask. */
function confirmed(count: number): boolean {
  if (!process.stdin.isTTY)
    throw new UserError('Closing sockets needs a confirmation', { hint: 'add --yes in scripts' })
  process.stderr.write(`Close ${count === 1 ? 'this socket' : `these ${count} sockets`}? [y/N] `)
  const answer = new Uint8Array(64)
  const length = readSync(0, answer)
  return /^y(es)?$/i.test(Buffer.from(answer.subarray(0, length)).toString().trim())
}
