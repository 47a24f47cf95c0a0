import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { socketColumns } from '../../src/render/socket-columns.ts'
import { groupColumns } from '../../src/render/socket-group.ts'
import { socketJson } from '../../src/render/socket-json.ts'
import { ssColumns } from '../../src/render/socket-ss.ts'
import { NUMERIC } from '../../src/render/socket-text.ts'
import { renderTree } from '../../src/render/socket-tree.ts'
import { createStyle } from '../../src/render/style.ts'
import { GROUPINGS, groupSockets } from '../../src/sockets/group.ts'
import { parseContainer, parsePod, parseUnit } from '../../src/sockets/process-text.ts'
import type { SocketRecord } from '../../src/sockets/socket.ts'

/** Text that any process may choose, with what does harm on a terminal in most of it. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\n', '\r', '\u009b', '\u202e', '\u2066', '\u2028', '\ud800', '/', ' '),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
})

/** The same text in each place of a record that a process, a user or an engine of containers names. */
function record(text: string, netid: 'tcp' | 'unix', state: 'LISTEN' | 'ESTABLISHED'): SocketRecord {
  const end = netid === 'tcp' ? { addr: '127.0.0.1', port: 80 } : { path: text, inode: 7 }
  const cgroup = `0::/kubepods/${text}/lxc.payload.${text}/${text}.service`
  const [container, pod, unit] = [parseContainer(cgroup), parsePod(cgroup), parseUnit(cgroup)]
  return {
    type: 'socket',
    netid,
    family: netid === 'tcp' ? 'inet' : 'unix',
    ...(netid === 'unix' && { socket_type: 'stream' }),
    state,
    recv_q: 0,
    send_q: 0,
    local: end,
    remote: end,
    iface: text,
    uid: 1,
    user: text,
    inode: 7,
    cookie: '7',
    netns: 1,
    cgroup,
    processes: [
      {
        pid: 7,
        comm: text,
        fd: 3,
        exe: text,
        cmdline: text,
        user: text,
        cwd: text,
        container_name: text,
        parents: [{ pid: 1, comm: text }],
        ...(container !== undefined && { container }),
        ...(pod !== undefined && { pod }),
        ...(unit !== undefined && { unit }),
      },
    ],
  }
}

const HARM = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u

test('no text that others choose reaches a terminal raw, and JSON is ASCII that says it all', () => {
  const columns = socketColumns(NUMERIC)
  fc.assert(
    fc.property(
      hostile,
      fc.constantFrom('tcp', 'unix'),
      fc.constantFrom('LISTEN', 'ESTABLISHED'),
      (text, netid, state) => {
        const one = record(text, netid, state)
        for (const column of [...columns, ...ssColumns(columns)])
          assert.doesNotMatch(column.text(one), HARM, column.name)
        for (const by of GROUPINGS)
          for (const group of groupSockets([one], by))
            for (const column of groupColumns(by)) assert.doesNotMatch(column.text(group), HARM, by)
        for (const width of [undefined, 40])
          for (const line of renderTree([one], NUMERIC, createStyle(false), width).trimEnd().split('\n'))
            assert.doesNotMatch(line, HARM)
        const json = socketJson(one, { time: '', ts: 0 }, NUMERIC)
        assert.match(json, /^[ -~]*\n$/)
        assert.equal(JSON.parse(json).processes[0].cmdline, text)
      },
    ),
  )
})
