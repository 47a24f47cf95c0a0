import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printedNames } from '../../src/kernel/event-format.ts'
import { dropFilter, reasonNames } from '../../src/kernel/reason.ts'
import { KernelSymbols } from '../../src/kernel/symbols.ts'
import { isMadeByCaller, tcpStateName } from '../../src/kernel/tcp-states.ts'
import { ALL_CHANGES, CHANGES_OF_FAILURES, type Transitions } from '../../src/kernel/transitions.ts'

const names = reasonNames(
  new Map([
    [0, 'SKB_NOT_DROPPED_YET'],
    [1, 'SKB_CONSUMED'],
    [2, 'SKB_DROP_REASON_NOT_SPECIFIED'],
    [12, 'SKB_DROP_REASON_NETFILTER_DROP'],
    [13, 'SKB_DROP_REASON_OTHERHOST'],
    [33, 'SKB_DROP_REASON_TCP_OLD_DATA'],
  ]),
)

test('reasons lose their prefix, and noise is found by this kernel’s numbers', () => {
  assert.equal(names.get(12), 'NETFILTER_DROP')
  assert.equal(reasonNames(new Map([[14, 'SK_RST_REASON_TCP_STATE']])).get(14), 'TCP_STATE')
  assert.deepEqual(dropFilter(names), { never: [0, 1, 33], onlySyn: [2, 13] })
})

test('names from the format of a tracepoint, each field its own', () => {
  const format =
    '"state=%s reason=%s", REC->state ? __print_symbolic(REC->state, { 1, "ONE" }) : "?", __print_symbolic(REC->reason, { 0, "NOT_SPECIFIED" }, { 14, "TCP_STATE" })'
  assert.deepEqual(
    [...printedNames(format, 'reason')],
    [
      [0, 'NOT_SPECIFIED'],
      [14, 'TCP_STATE'],
    ],
  )
  assert.deepEqual([...printedNames(format, 'state')], [[1, 'ONE']])
  assert.equal(printedNames(format, 'none').size, 0)
})

test('the function around an address, in whatever order the kernel lists them', () => {
  const symbols = new KernelSymbols(
    Buffer.from(
      [
        'ffffffff82000000 T tcp_v4_rcv',
        'ffffffff82000800 d some_data',
        'ffffffff81000000 t ip_rcv_core.isra.0',
        'ffffffffc0100000 t nft_do_chain\t[nf_tables]',
        '',
      ].join('\n'),
    ),
  )
  assert.equal(symbols.find(0xffff82000123), 'tcp_v4_rcv')
  assert.equal(symbols.find(0xffff82000000), 'tcp_v4_rcv')
  assert.equal(symbols.find(0xffff82000900), 'tcp_v4_rcv')
  assert.equal(symbols.find(0xffff81ffffff), 'ip_rcv_core')
  assert.equal(symbols.find(0xffffc0100010), 'nft_do_chain')
  assert.equal(symbols.find(0xffff80ffffff), null)
})

test('hidden addresses name nothing', () => {
  assert.equal(new KernelSymbols(Buffer.from('0000000000000000 T tcp_v4_rcv\n')).find(0xffff82000000), null)
  assert.equal(new KernelSymbols(new Uint8Array(0)).find(0xffff82000000), null)
})

function has(changes: Transitions, from: number, to: number): boolean {
  return ((changes.get(from) ?? 0) & (1 << to)) !== 0
}

test('a healthy connection: all of its changes but the turns of the closing side, or its connect() alone', () => {
  const [ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN] = [
    1, 2, 3, 4, 5, 7, 8, 9, 10,
  ]
  const life: [number, number, all: boolean, failures: boolean, caller: boolean][] = [
    [CLOSE, SYN_SENT, true, true, true],
    [SYN_SENT, ESTABLISHED, true, true, false],
    [LISTEN, SYN_RECV, true, false, false],
    [SYN_RECV, ESTABLISHED, true, false, false],
    [ESTABLISHED, FIN_WAIT1, true, false, true],
    [FIN_WAIT1, FIN_WAIT2, false, false, false],
    [FIN_WAIT2, CLOSE, true, true, false],
    [ESTABLISHED, CLOSE_WAIT, true, false, false],
    [CLOSE_WAIT, LAST_ACK, true, false, true],
    [LAST_ACK, CLOSE, true, true, false],
    [SYN_SENT, CLOSE, true, true, false],
    [SYN_RECV, CLOSE, true, true, false],
    [ESTABLISHED, CLOSE, true, true, false],
    [CLOSE, LISTEN, true, true, true],
    [LISTEN, CLOSE, true, true, true],
  ]
  for (const [from, to, all, failures, caller] of life) {
    const step = `${tcpStateName(from)} ${tcpStateName(to)}`
    assert.equal(has(ALL_CHANGES, from, to), all, step)
    assert.equal(has(CHANGES_OF_FAILURES, from, to), failures, step)
    assert.equal(isMadeByCaller(from, to), caller, step)
  }
  assert.equal(tcpStateName(99), 'STATE_99')
})
