// SHA-256 of what `read --flows --json FILE` prints when every packet is decoded in full and goes through every stage:
//   node --import tsx scripts/bench/slow-path.ts FILE
// A view that wants packets turns the short cut off (src/cli/analysis/pump.ts), and this one does nothing with them.
import { createHash } from 'node:crypto'
import { Analysis } from '../../src/cli/analysis/analysis.ts'
import { DEFAULT_MAX_FLOWS } from '../../src/cli/capture-options.ts'
import type { Io } from '../../src/cli/io.ts'
import { openCaptureFile } from '../../src/host/capture/capture-file.ts'

const path = process.argv[2]
if (path === undefined) throw new Error('usage: slow-path.ts FILE')
const hash = createHash('sha256')
const io: Io = {
  write: (text) => hash.update(text),
  writeBytes: (bytes) => hash.update(bytes),
  note() {},
  flush() {},
  isTerminal: false,
  columns: 80,
  rows: 24,
  env: {},
}
const source = openCaptureFile(path, {})
const analysis = new Analysis({
  source,
  io,
  views: [() => ({ packets: { packet() {} } })],
  options: {
    json: true,
    flows: true,
    proto: 'tcp',
    maxFlows: DEFAULT_MAX_FLOWS,
    color: 'never',
    timeFormat: 'local',
  },
})
await analysis.run(() => source.truncated !== undefined)
source.close()
console.log(hash.digest('hex'))
