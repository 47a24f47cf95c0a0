import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FlowRecord } from '../../src/flow/record.ts'
import { corporaTest } from '../support/corpora.ts'
import { readCsv } from '../support/csv-file.ts'
import { feedFile } from '../support/feed.ts'

/** Captures whose TCP lies in tunnels, on links or in fragments that are not read yet. */
const STREAMS_NOT_EQUAL = 0.08

corporaTest('as many TCP streams as tshark sees', (folder) => {
  const rows = readCsv(join(folder, 'index.csv')).filter((row) => existsSync(join(folder, row['path']!)))
  const different = rows.filter((row) => {
    const expected = Number(row['tcp_streams']) - Number(row['tcp_streams_icmp_quoted_only'])
    return feedFile(join(folder, row['path']!)).flows !== expected
  })
  assert.ok(rows.length > 1000)
  assert.ok(
    different.length / rows.length < STREAMS_NOT_EQUAL,
    `${different.length} of ${rows.length} differ`,
  )
})

/** Zeek's X (an analyzer gave up on the content) is no matter of segments. */
const withoutContentLetters = (history: string) => history.replaceAll('X', '')

corporaTest('conn_state, history and bytes are those of Zeek for every connection that is read', (folder) => {
  const files = new Map<string, readonly FlowRecord[]>()
  let compared = 0
  for (const row of readCsv(join(folder, 'zeek-conn.csv'))) {
    const path = join(folder, row['trace']!)
    const records = files.get(path) ?? feedFile(path).records
    files.set(path, records)
    const flow = records.find(
      ({ client, server }) =>
        client.addr === row['id.orig_h'] &&
        client.port === Number(row['id.orig_p']) &&
        server.addr === row['id.resp_h'] &&
        server.port === Number(row['id.resp_p']),
    )
    if (flow === undefined) continue
    compared++
    const expected = {
      conn_state: row['conn_state'] || flow.conn_state,
      history: withoutContentLetters(row['history']!),
      client: /^\d+$/.test(row['orig_bytes']!) ? Number(row['orig_bytes']) : flow.client.bytes,
      server: /^\d+$/.test(row['resp_bytes']!) ? Number(row['resp_bytes']) : flow.server.bytes,
    }
    const { conn_state, history } = flow
    assert.deepEqual(
      { conn_state, history, client: flow.client.bytes, server: flow.server.bytes },
      expected,
      `${row['trace']} ${row['id.orig_p']}`,
    )
  }
  // Seven of the 78 are inside tunnels that are not read yet.
  assert.ok(compared >= 71, `only ${compared} connections were found`)
})
