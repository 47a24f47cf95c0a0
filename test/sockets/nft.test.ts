import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FilteredPacket } from '../../src/sockets/nft-rule.ts'
import { parseNftRuleset } from '../../src/sockets/nft-ruleset.ts'
import { passHook } from '../../src/sockets/nft-walk.ts'
import { formatAddress, parseAddress } from '../../src/wire/address.ts'

/** As nft 1.0.6 lists it. */
const RULESET = `table inet f { # handle 4
	set bad { # handle 3
		type ipv4_addr
		flags interval
		elements = { 10.1.0.0/16, 10.2.3.4 counter packets 0 bytes 0,
			     10.3.0.1-10.3.0.9 }
	}

	map vm { # handle 4
		type inet_service : verdict
		elements = { 22 : drop, 23 : accept }
	}

	counter c { # handle 9
		packets 0 bytes 0
	}

	chain other { # handle 1
		tcp dport 2222 reject # handle 5
		return # handle 6
	}

	chain in { # handle 2
		type filter hook input priority filter; policy drop;
		iif "lo" accept # handle 7
		ct state established,related accept # handle 8
		tcp dport { 80, 443,
			    1000-2000 } ip saddr 10.0.0.0/8 counter packets 0 bytes 0 drop comment "no } web" # handle 10
		meta l4proto tcp ip saddr @bad reject with tcp reset # handle 11
		tcp dport vmap @vm # handle 12
		tcp dport != 99 jump other # handle 15
		udp dport 53 limit rate 10/second log prefix "a { b" drop # handle 16
		ip6 saddr fe80::/10 tcp flags syn / syn,ack reject with icmpv6 port-unreachable # handle 17
		iifname "eth*" tcp dport 7 drop # handle 18
		meta mark set 0x00000001 # handle 19
		tcp dport 5000 accept # handle 20
		fib saddr . iif oif missing drop # handle 28
	}
}
table ip nat { # handle 5
	chain pre { # handle 1
		type nat hook prerouting priority dstnat; policy accept;
		tcp dport 8080 dnat to 10.9.8.2:80 # handle 2
		tcp dport 8081 redirect to :99 # handle 3
	}
}
table ip off { # handle 7
	flags dormant

	chain in { # handle 1
		type filter hook input priority -10; policy drop;
	}
}
`

function packet(
  source: string,
  port: number,
  more: Partial<FilteredPacket> = {},
  destination = source.includes(':') ? 'fd00::9' : '10.0.0.9',
): FilteredPacket {
  return {
    proto: 'tcp',
    source: parseAddress(source)!,
    sourcePort: 40_000,
    destination: parseAddress(destination)!,
    destinationPort: port,
    in: 'eth0',
    state: 'new',
    direction: 'original',
    flags: 0x02,
    ...more,
  }
}

const POLICY = 'policy drop'

test('the rule that is in the way, and whether it certainly is', () => {
  const tables = parseNftRuleset(RULESET)
  const cases: readonly (readonly [FilteredPacket, readonly string[]])[] = [
    [packet('10.5.0.1', 80), ['10 drop']],
    [packet('10.5.0.1', 1500), ['10 drop']],
    [packet('11.0.0.1', 80), ['28 drop?', `${POLICY}?`]],
    [packet('10.1.0.1', 81), ['11 reject']],
    [packet('10.2.3.4', 81), ['11 reject']],
    [packet('10.3.0.5', 81), ['11 reject']],
    [packet('11.0.0.1', 22), ['12 drop']],
    [packet('11.0.0.1', 23), []],
    [packet('11.0.0.1', 2222), ['5 reject']],
    [packet('fe80::1', 81), ['17 reject']],
    [packet('fe80::1', 81, { flags: 0x12 }), ['28 drop?', `${POLICY}?`]],
    [packet('fe80::1', 81, { flags: undefined }), ['17 reject?', '28 drop?', `${POLICY}?`]],
    [packet('11.0.0.1', 7), ['18 drop']],
    [packet('11.0.0.1', 7, { in: 'wlan0' }), ['28 drop?', `${POLICY}?`]],
    [packet('11.0.0.1', 5000), []],
    [packet('11.0.0.1', 22, { in: 'lo' }), []],
    [packet('11.0.0.1', 22, { state: 'established' }), []],
    [packet('11.0.0.1', 53, { proto: 'udp', flags: undefined }), ['16 drop?', '28 drop?', `${POLICY}?`]],
    // A rule for TCP ports says nothing of UDP, not even with "other than".
    [packet('11.0.0.1', 2222, { proto: 'udp', flags: undefined }), ['28 drop?', `${POLICY}?`]],
  ]
  for (const [asked, expected] of cases) {
    const { obstacles } = passHook(tables, 'input', asked)
    const shown = obstacles.map(
      ({ rule, action, exact }) => `${rule?.handle ?? 'policy'} ${action}${exact ? '' : '?'}`,
    )
    assert.deepEqual(
      shown,
      expected,
      `${formatAddress(asked.source.family, asked.source.words)} ${asked.destinationPort}`,
    )
  }
})

test('a rule has its own text, words over several lines are one rule', () => {
  const [table] = parseNftRuleset(RULESET)
  const rule = table!.chains.get('in')!.rules.find(({ handle }) => handle === 10)
  assert.equal(
    rule?.text,
    'tcp dport { 80, 443, 1000-2000 } ip saddr 10.0.0.0/8 counter packets 0 bytes 0 drop comment "no } web"',
  )
})

test('a translated destination goes on with the packet', () => {
  const tables = parseNftRuleset(RULESET)
  const at = (port: number): string => {
    const { destination, destinationPort } = passHook(tables, 'prerouting', packet('11.0.0.1', port)).packet
    return `${formatAddress(destination.family, destination.words)} ${destinationPort}`
  }
  assert.equal(at(8080), '10.9.8.2 80')
  assert.equal(at(8081), '10.0.0.9 99')
  assert.equal(at(8082), '10.0.0.9 8082')
})

test('a ruleset that is cut anywhere is read without a throw', () => {
  for (let length = 0; length < RULESET.length; length += 7) {
    const tables = parseNftRuleset(RULESET.slice(0, length))
    passHook(tables, 'input', packet('10.1.0.1', 81))
  }
  assert.deepEqual(parseNftRuleset(''), [])
})

test('jumps in a circle end', () => {
  const tables = parseNftRuleset(`table ip t { # handle 1
	chain a { # handle 1
		type filter hook input priority filter; policy accept;
		jump b # handle 2
	}
	chain b { # handle 3
		jump b # handle 4
		goto a # handle 5
	}
}`)
  assert.deepEqual(passHook(tables, 'input', packet('10.0.0.1', 1)).obstacles, [])
})
