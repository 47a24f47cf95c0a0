import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Lead } from '../../../src/cli/read/lead.ts'
import { type HalfTask, suits } from '../../../src/cli/read/other-half.ts'
import { builtFile, repository, runCommand } from '../../support/program.ts'
import { parseRead } from '../../support/read-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'socktrace-half-'))
after(() => rmSync(folder, { recursive: true }))

const capture = join(folder, 'large.pcap')
const generator = new URL('../../../scripts/bench/generate.mjs', import.meta.url).href
execFileSync('node', [
  '-e',
  `import(${JSON.stringify(generator)}).then((m) => m.generate(process.argv[1], 330000))`,
  capture,
])
const cut = join(folder, 'cut.pcap')
writeFileSync(cut, readFileSync(capture))
truncateSync(cut, 36e6)

const program = builtFile(repository)

for (const [name, args] of [
  ['all of a file', ['--summary', '--json', capture]],
  ['a number of packets', ['--summary', '--json', '--count', '123456', capture]],
  ['a file that is cut', ['--summary', '--json', cut]],
  ['more flows than may be held', ['--summary', '--json', '--max-flows', '500', capture]],
] as const)
  test(`two threads print what one prints: ${name}`, () => {
    const { files, options } = parseRead(args)
    assert.ok(suits(files, options))
    const line = args.slice(0, -1).join(' ')
    const alone = runCommand(['sh', '-c', `cat "${args.at(-1)}" | "${program}" read ${line} -`])
    assert.match(alone.stdout, /"flows":\d{3,}/)
    const shared = runCommand([program, 'read', ...args])
    assert.equal(shared.stdout, alone.stdout)
    assert.equal(shared.status, 0)
    assert.equal(shared.stderr, alone.stderr.replaceAll('standard input', JSON.stringify(args.at(-1))))
  })

test('the second thread follows its flows in as many packets as the first has read', async () => {
  const lead = new Lead()
  const fd = openSync(capture, 'r')
  const [part, memory] = [{ from: 8, to: 16 }, lead.memory]
  const task: HalfTask = { fd, path: capture, part, memory, maxFlows: 1e6 }
  const thread = new Worker(join(dirname(program), '../dist/cli/read/half-thread.js'), { workerData: task })
  lead.advance(1000)
  lead.advance(9000)
  lead.end()
  assert.deepEqual(await once(thread, 'exit'), [0])
  closeSync(fd)
  const { stdout } = runCommand([program, 'read', '--summary', '--json', '--count', '10000', capture])
  const all = JSON.parse(stdout).flows
  assert.ok(lead.flows > all / 4 && lead.flows < (all * 3) / 4, `${lead.flows} of ${all}`)
})

test('a second thread is used only where nothing but the summary is printed, of one large file', () => {
  const small = join(folder, 'small.pcap')
  writeFileSync(small, readFileSync(capture).subarray(0, 1e6))
  for (const args of [
    ['--json', capture],
    ['--summary', '--flows', capture],
    ['--summary', '--packets', capture],
    ['--summary', '--stats', capture],
    ['--summary', '--proto', 'all', capture],
    ['--summary', '--filter', 'tcp', capture],
    ['--summary', '--follow-file', capture],
    ['--summary', '-w', join(folder, 'out.pcapng'), capture],
    ['--summary', capture, capture],
    ['--summary', small],
    ['--summary', join(folder, 'absent.pcap')],
    ['--summary', '-'],
  ]) {
    const { files, options } = parseRead(args)
    assert.equal(suits(files, options), false, args.join(' '))
  }
})

test('whoever follows is told what was read, and waits for no more once that has ended', () => {
  const lead = new Lead()
  const follower = new Lead(lead.memory)
  lead.advance(5)
  assert.equal(follower.wait(3), 3)
  assert.equal(follower.wait(5), 5)
  lead.advance(2)
  assert.equal(follower.wait(6), 6)
  follower.flows = 4
  assert.equal(lead.flows, 4)
  lead.end()
  assert.equal(follower.wait(100), 7)
})
