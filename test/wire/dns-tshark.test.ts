import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { PacketBatch } from '../../src/capture/batch.ts'
import { openDecoder, sniffCapture } from '../../src/capture/sniff.ts'
import { formatAddress } from '../../src/wire/address.ts'
import { type DnsMessage, readDnsDatagram, readDnsSegment } from '../../src/wire/dns.ts'
import { Frame } from '../../src/wire/frame.ts'
import { KIND_TCP, KIND_UDP, PacketStack } from '../../src/wire/stack.ts'
import { captureFiles, corporaTest } from '../support/corpora.ts'
import { FILE, mapPairwise, toolOutput } from '../support/tool-output.ts'

/** Files beyond this are left to the other comparisons. */
const MOST_BYTES = 30_000_000
const FIELDS = ['frame.number', 'dns.flags.rcode', 'dns.qry.name', 'dns.a', 'dns.aaaa', 'dns.cname']
const COUNTS = ['dns.count.auth_rr', 'dns.count.add_rr']
const ARGS = ['-n', '-r', FILE, '-Y', 'udp.srcport == 53 && dns.flags.response == 1 && !icmp', '-T', 'fields']

/** Whole responses from UDP port 53, by the number of their frame. */
function responses(file: string): Map<number, DnsMessage> {
  const found = new Map<number, DnsMessage>()
  const stored = readFileSync(file)
  if (stored.length > MOST_BYTES) return found
  const bytes = new Uint8Array(sniffCapture(stored) === 'gzip' ? gunzipSync(stored) : stored)
  const format = sniffCapture(bytes)
  if (format !== 'pcap' && format !== 'pcapng') return found
  const decoder = openDecoder(format)
  const batch = new PacketBatch()
  const frame = new Frame()
  const stack = new PacketStack()
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (;;) {
    batch.reset(bytes, view)
    const used = decoder.decode(bytes, view, offset, bytes.length, batch)
    frame.rebind(bytes, view)
    for (let row = 0; row < batch.count; row++) {
      frame.move(batch.start[row]!, batch.captured[row]!, batch.original[row]!)
      const kind = stack.walk(frame, decoder.interfaces[batch.iface[row]!]!.linkType, batch.time[row]!)
      if (stack.sourcePort !== 53) continue
      const end = stack.payloadOffset + stack.payloadCaptured
      if (kind === KIND_TCP) readDnsSegment(stack.datagram.bytes, stack.payloadOffset, end)
      if (kind !== KIND_UDP) continue
      const [message] = readDnsDatagram(stack.datagram.bytes, stack.payloadOffset, end)
      if (message?.isResponse && message.isWhole) found.set(batch.number[row]!, message)
    }
    if (used === 0) return found
    offset += used
  }
}

function sorted(list: string | undefined): string[] {
  return (list ?? '').split(',').filter(Boolean).sort()
}

function addresses({ answers }: DnsMessage, family: 4 | 6): string[] {
  return answers
    .flatMap((answer) => ('address' in answer && answer.address.family === family ? [answer.address] : []))
    .map(({ words }) => formatAddress(family, words))
    .sort()
}

corporaTest('responses of every capture are read as tshark reads them', async (folder) => {
  const files = captureFiles(folder)
    .map((file) => ({ file, ours: responses(file) }))
    .filter(({ ours }) => ours.size > 0)
  let compared = 0
  let records = 0
  await mapPairwise(files, async ({ file, ours }) => {
    const args = [...ARGS, ...[...FIELDS, ...COUNTS].flatMap((field) => ['-e', field])]
    for (const line of (await toolOutput('tshark', args, file)).split('\n').filter(Boolean)) {
      const [frame, rcode, asked, a, aaaa, cname, authority, additional] = line.split('\t')
      const message = ours.get(Number(frame))
      if (message === undefined) continue
      const where = `${file} frame ${frame}`
      // tshark has rcode once for each message; a tunnel repeats fields.
      assert.equal(message.rcode, Number.parseInt(rcode!.split(',')[0]!, 10), where)
      if (message.question !== undefined && /^[\w.-]+$/.test(asked!))
        assert.equal(message.question.name, asked, where)
      compared++
      // tshark's fields are those of every section.
      if (authority !== '0' || !/^[01]$/.test(additional!)) continue
      records += message.answers.length
      assert.deepEqual(addresses(message, 4), sorted(a), where)
      assert.deepEqual(addresses(message, 6), sorted(aaaa), where)
      assert.equal(message.answers.filter((answer) => 'target' in answer).length, sorted(cname).length, where)
    }
  })
  assert.ok(compared > 100 && records > 50, `${compared} responses, ${records} records`)
  console.log(`${files.length} captures, ${compared} responses, ${records} records`)
})
