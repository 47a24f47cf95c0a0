import type { GroupRecord } from '../sockets/group.ts'
import type { Column } from './columns.ts'
import { sanitize } from './sanitize.ts'

/** The columns of `list --group-by`. */
export function groupColumns(by: string): Column<GroupRecord>[] {
  return [
    { name: 'sockets', header: 'Sockets', align: 'right', text: ({ sockets }) => String(sockets) },
    { name: 'recv_q', header: 'Recv-Q', align: 'right', text: ({ recv_q }) => String(recv_q), spare: true },
    { name: 'send_q', header: 'Send-Q', align: 'right', text: ({ send_q }) => String(send_q), spare: true },
    {
      name: 'key',
      header: by[0]!.toUpperCase() + by.slice(1),
      cut: 'end',
      min: 12,
      text: ({ key }) => (key === null ? '-' : sanitize(key)),
    },
    { name: 'states', header: 'States', cut: 'end', min: 10, text: statesText },
  ]
}

function statesText({ states }: GroupRecord): string {
  return Object.entries(states)
    .sort((a, b) => b[1] - a[1])
    .map(([state, count]) => `${state} ${count}`)
    .join(', ')
}
