import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { INPUTS, RECEIVER, SENDER, STATES } from '../src/flow/tcp-state.ts'

/** docs/tcp-states.md: the transition table of src/flow/tcp-state.ts for readers. */
export function renderStateTable(): string {
  return `# TCP states as an observer draws them

Made from \`src/flow/tcp-state.ts\` by \`scripts/tcp-states.ts\`; change it there.

An observer between two endpoints sees segments, not states. A segment proves something about its sender, which was
allowed to send it, and only makes something expected of its receiver, because it can still be lost. So every
endpoint has two states, and each of the tables below moves one of them. A dot means no change.

| input | the segment |
|---|---|
| SYN | SYN without ACK |
| SYN_ACK | SYN with an ACK that covers the receiver's SYN and nothing that was never sent |
| ACK | the same without SYN |
| ACK_OF_FIN | an ACK that covers the receiver's FIN |
| FIN | FIN |
| RST | a reset that takes effect (RFC 5961 section 3.2) |

One segment can be several inputs; an acknowledgement takes effect before the FIN that travels with it.

## The sender: proven

${table(SENDER)}
## The receiver: expected

${table(RECEIVER)}`
}

function table(transitions: typeof SENDER): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return (
    line(['state', ...INPUTS]) +
    line(['---', ...INPUTS.map(() => '---')]) +
    STATES.map((state) => line([state, ...INPUTS.map((input) => transitions[state][input] ?? '·')])).join('')
  )
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(join(import.meta.dirname, '../docs/tcp-states.md'), renderStateTable())
