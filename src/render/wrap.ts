/**
 * Breaks text without colours at its spaces, so that no line is longer than `columns` (a longer word stands alone);
 * lines after the first begin with `indent`. Spaces at the beginning stay.
 */
export function wrap(text: string, columns: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) +/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = indent + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}
