import type { Column } from './columns.ts'

/** RFC 4180: a header row, CRLF, quotes only where a field holds a comma, a quote or a line end. */
export function writeCsv<T>(
  records: Iterable<T>,
  columns: readonly Column<T>[],
  header: boolean,
  write: (text: string) => void,
): void {
  if (header) write(row(columns.map(({ name }) => name)))
  for (const record of records) write(row(columns.map((column) => column.text(record))))
}

function row(fields: readonly string[]): string {
  return `${fields.map(field).join(',')}\r\n`
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
