import { interfaceNames } from '../host/interface-names.ts'
import { ephemeralPorts, servicePort } from '../host/names.ts'
import { netnsInode } from '../host/netns.ts'
import { readProcess } from '../host/process/procfs.ts'
import { snapshot } from '../host/sockets/socket-table.ts'
import { infoText, memoryText } from '../render/socket-info.ts'
import { extendedText } from '../render/socket-text.ts'
import type { DiagRows } from '../sockets/diag-rows.ts'
import { parseFilter, type SocketFilter } from '../sockets/filter.ts'
import type { SocketRecord } from '../sockets/socket.ts'
import type { Selected } from './model/model.ts'
import type { Row } from './model/row.ts'

/** A filter as the user types it. Throws `UserError`. */
export function readFilter(text: string): SocketFilter {
  return parseFilter([text], { servicePort, interfaceName: interfaceNames(), ephemeralPorts, netnsInode })
}

/** What the machine tells of one socket and its process beyond the listing. `memory` is used to read it. */
export function inspect(row: Row, memory: DiagRows): Selected {
  const lines: [string, string][] = []
  const process = row.record.processes[0]
  const details = process === undefined ? undefined : readProcess(process.pid)
  if (details !== undefined) {
    const { exe, cmdline, user, ppid } = details
    const parts = [user && `user ${user}`, `parent ${ppid}`, cmdline ?? exe]
    lines.push(['process', parts.filter(Boolean).join(', ')])
  }
  const found = row.hasSocket ? detailed(row.record, memory) : undefined
  if (found !== undefined) {
    const tcp = infoText(found)
    if (tcp !== '') lines.push(['tcp', tcp])
    lines.push(['socket', [extendedText(found), memoryText(found)].filter(Boolean).join('  ')])
  }
  return { row: row.id, lines }
}

/** The same socket with tcp_info and its memory: the kernel looks for it by its ports. */
function detailed(
  { netid, family, cookie, local, remote }: SocketRecord,
  rows: DiagRows,
): SocketRecord | undefined {
  if (cookie === null || (netid !== 'tcp' && netid !== 'udp') || (family !== 'inet' && family !== 'inet6'))
    return undefined
  const { kernel } = readFilter(`sport = :${local.port} and dport = :${remote.port}`)
  const { records } = snapshot({
    tables: [netid],
    families: [family],
    info: true,
    memory: true,
    processes: false,
    kernel,
    rows: () => rows,
  })
  return records.find((record) => record.cookie === cookie)
}
