import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SymbolFile } from '../../../src/host/kernel/kernel-symbols.ts'

const VETH = 'ffffffffc0100000 t veth_xmit\t[veth]\n'
const NFT = 'ffffffffc0200000 t nft_do_chain\t[nf_tables]\n'

test('a function of a module that was loaded later has its name, not that of the module below', () => {
  const folder = mkdtempSync(join(tmpdir(), 'socktrace-symbols-'))
  const [symbols, modules] = [join(folder, 'kallsyms'), join(folder, 'modules')]
  writeFileSync(symbols, VETH)
  writeFileSync(modules, 'veth 45056 0 - Live 0xffffffffc0100000\n')
  const file = new SymbolFile(symbols, modules)
  try {
    assert.equal(file.find(0xffff_c010_0040), 'veth_xmit')
    writeFileSync(symbols, VETH + NFT)
    // That a module is used more often is no reason to read anew.
    writeFileSync(modules, 'veth 45056 2 - Live 0xffffffffc0100000\n')
    assert.equal(file.find(0xffff_c020_0040), 'veth_xmit')
    writeFileSync(
      modules,
      'nf_tables 303104 1 - Live 0xffffffffc0200000\nveth 45056 2 - Live 0xffffffffc0100000\n',
    )
    assert.equal(file.find(0xffff_c020_0080), 'nft_do_chain')
  } finally {
    file.close()
    rmSync(folder, { recursive: true })
  }
})
