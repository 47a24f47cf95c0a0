import { readFileSync } from 'node:fs'

/** Rows of a CSV file with a header line as objects; fields may be quoted, `""` inside is a quote. */
export function readCsv(path: string): Record<string, string>[] {
  const [header, ...rows] = parse(readFileSync(path, 'utf8'))
  return rows.map((row) => Object.fromEntries(header!.map((name, i) => [name, row[i] ?? ''])))
}

function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    if (end === '') break
  }
  return rows
}
