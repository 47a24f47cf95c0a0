// A terminal's screen as SVG: text with SGR escapes in, a picture with the same colours out.

const CELL_WIDTH = 8.4
const LINE_HEIGHT = 18
const FONT_SIZE = 14
const MARGIN = 14
const BAR = 30
const BACKGROUND = '#16181d'
const FOREGROUND = '#d8dee9'
/** The sixteen named colours. */
const NAMED = [
  ...['#3b4048', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9'],
  ...['#6b7280', '#ff7b86', '#b5e890', '#ffd98a', '#82c4ff', '#dfa0f0', '#7fd7e0', '#ffffff'],
]
const STEPS = [0, 95, 135, 175, 215, 255]

/** `screen` as `tmux capture-pane -e` gives it. */
export function drawScreen(screen, columns, rows, title) {
  const width = Math.ceil(columns * CELL_WIDTH + 2 * MARGIN)
  const height = rows * LINE_HEIGHT + 2 * MARGIN + BAR
  const lines = screen.replace(/\n$/, '').split('\n').slice(0, rows)
  let style = {}
  const body = lines.map((line, row) => {
    const spans = []
    style = readLine(line, style, spans)
    return spans.map((span) => drawSpan(span, row)).join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title} in a terminal">
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
${['#ff5f57', '#febc2e', '#28c840'].map((fill, i) => `<circle cx="${20 + i * 20}" cy="18" r="6" fill="${fill}"/>`).join('')}
<text x="${width / 2}" y="22" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#8b949e">${title}</text>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_SIZE}" xml:space="preserve">
${body.filter((line) => line !== '').join('\n')}
</g>
</svg>
`
}

/** Collects the spans of a line; returns the style that goes on after it. */
function readLine(line, before, spans) {
  let style = before
  let column = 0
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b[')) {
      style = applied(part.slice(2, -1).split(';').map(Number), style)
    } else if (part !== '') {
      // One cell a character: what the live view draws has no wide ones.
      const length = [...part].length
      spans.push({ column, length, text: part, style })
      column += length
    }
  }
  return style
}

/** Select Graphic Rendition, ECMA-48 section 8.3.117. */
function applied(codes, before) {
  let style = { ...before }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    if (code === 0) style = {}
    else if (code === 1) style.bold = true
    else if (code === 2) style.dim = true
    else if (code === 22) style.bold = style.dim = false
    else if (code === 4) style.underline = true
    else if (code === 24) style.underline = false
    else if (code === 7) style.inverse = true
    else if (code === 27) style.inverse = false
    else if (code === 39) style.color = undefined
    else if (code === 49) style.background = undefined
    else if (code === 38 || code === 48) {
      const [value, used] = extended(codes.slice(i + 1))
      style[code === 38 ? 'color' : 'background'] = value
      i += used
    } else if (code >= 30 && code <= 37) style.color = NAMED[code - 30]
    else if (code >= 90 && code <= 97) style.color = NAMED[code - 82]
    else if (code >= 40 && code <= 47) style.background = NAMED[code - 40]
    else if (code >= 100 && code <= 107) style.background = NAMED[code - 92]
  }
  return style
}

function extended([kind, a, b, c]) {
  if (kind === 2) return [`rgb(${a},${b},${c})`, 4]
  if (a < 16) return [NAMED[a], 2]
  if (a >= 232) return [`rgb(${[0, 0, 0].map(() => 8 + (a - 232) * 10).join(',')})`, 2]
  const cube = a - 16
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6]
  return [`rgb(${parts.map((part) => STEPS[part]).join(',')})`, 2]
}

function drawSpan({ column, length, text, style }, row) {
  const x = MARGIN + column * CELL_WIDTH
  const top = BAR + MARGIN + row * LINE_HEIGHT
  const ink = style.color ?? FOREGROUND
  const paper = style.background
  const [fill, behind] = style.inverse ? [paper ?? BACKGROUND, ink] : [ink, paper]
  const box = behind
    ? `<rect x="${round(x)}" y="${top}" width="${round(length * CELL_WIDTH)}" height="${LINE_HEIGHT}" fill="${behind}"/>`
    : ''
  if (text.trim() === '') return box
  const attributes = [
    `x="${round(x)}" y="${top + 13}" fill="${fill}" textLength="${round(length * CELL_WIDTH)}" lengthAdjust="spacingAndGlyphs"`,
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.dim ? ['opacity="0.6"'] : []),
    ...(style.underline ? ['text-decoration="underline"'] : []),
  ]
  return `${box}<text ${attributes.join(' ')}>${escaped(text)}</text>`
}

function round(value) {
  return Math.round(value * 10) / 10
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
