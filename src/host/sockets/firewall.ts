import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { FilteredPacket } from '../../sockets/nft-rule.ts'
import { type NftTable, parseNftRuleset } from '../../sockets/nft-ruleset.ts'
import { type Obstacle, type Passage, passHook } from '../../sockets/nft-walk.ts'
import type { FirewallRule } from '../../sockets/socket-evidence.ts'
import { installCommand } from '../install-command.ts'
import { grantHint } from '../mend.ts'
import type { Namespaces } from '../namespaces.ts'
import { lend } from '../privileges.ts'
import { systemProgram } from '../process/system-program.ts'

/** The rules of one namespace are used for this long, ms: reading them takes 3–7 ms, more with long sets. */
const AGE = 1000
/** Longer lists are given up, ms and bytes: nothing else is read meanwhile. */
const TIMEOUT = 1000
const MAX_LENGTH = 8 << 20
/** After one was given up that namespace is not asked for so long, ms, and the others have less time. */
const PAUSE = 30_000
const SHORT_TIMEOUT = 250
/** Beyond this many rules more of them say nothing. */
const MOST = 8

type Hook = FirewallRule['hook']

/** One namespace's rules, or why they could not be read. */
interface Ruleset {
  readonly tables: readonly NftTable[]
  readonly unknown?: string
  /** The list was given up. */
  readonly tooLong?: true
}

/** What was in the way of the packets of one end, and where the first of them was sent. */
export interface Filtered {
  readonly rules: FirewallRule[]
  readonly unknown?: string
}

/** The packet filter of network namespaces, as nft(8) lists it. */
export class Firewall {
  readonly #namespaces: Namespaces
  readonly #known = new Map<number | undefined, { readonly until: number; readonly rules: Ruleset }>()
  /** Until then the machine, or its lists, are taken to be slow. */
  #slowUntil = 0

  constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces
  }

  /**
   * The rules of one end's namespace that would stop what it sends or what it gets, those that certainly would
   * first. `isLocal` says whether an address is one of that namespace.
   */
  filter(
    end: 'client' | 'server',
    netns: number | undefined,
    sent: FilteredPacket,
    got: FilteredPacket,
    isLocal: (packet: FilteredPacket) => boolean,
  ): Filtered {
    return this.#collect(end, netns, (tables, add) => {
      walk(tables, ['output', 'postrouting', 'egress'], sent, add)
      const { stopped, packet } = walk(tables, ['ingress', 'prerouting'], got, add)
      if (!stopped) walk(tables, isLocal(packet) ? ['input'] : ['forward', 'postrouting'], packet, add)
    })
  }

  /** The same for a namespace that only passes the packets on. */
  forward(end: 'client' | 'server', netns: number | undefined, packets: readonly FilteredPacket[]): Filtered {
    return this.#collect(end, netns, (tables, add) => {
      for (const packet of packets) walk(tables, ['prerouting', 'forward', 'postrouting'], packet, add)
    })
  }

  #collect(
    end: 'client' | 'server',
    netns: number | undefined,
    go: (tables: readonly NftTable[], add: (hook: Hook, obstacles: readonly Obstacle[]) => void) => void,
  ): Filtered {
    const { tables, unknown } = this.#rules(netns)
    const rules = new Map<string, FirewallRule>()
    go(tables, (hook, obstacles) => {
      for (const obstacle of obstacles) {
        const rule = describe(end, hook, obstacle)
        const key = `${rule.family} ${rule.table} ${rule.chain} ${rule.handle}`
        if (!rules.has(key) || !rule.uncertain) rules.set(key, rule)
      }
    })
    const sorted = [...rules.values()].sort(
      (a, b) => Number(a.uncertain ?? false) - Number(b.uncertain ?? false),
    )
    return { rules: sorted.slice(0, MOST), ...(unknown !== undefined && { unknown }) }
  }

  /** Where the namespace's rules send a packet that comes in, or that is sent here: a published address. */
  translated(netns: number | undefined, packet: FilteredPacket): FilteredPacket | undefined {
    const { tables } = this.#rules(netns)
    for (const hook of ['prerouting', 'output']) {
      const there = passHook(tables, hook, packet).packet
      if (there.destination !== packet.destination || there.destinationPort !== packet.destinationPort)
        return there
    }
    return undefined
  }

  #rules(netns: number | undefined): Ruleset {
    const now = performance.now()
    const known = this.#known.get(netns)
    if (known !== undefined && now < known.until) return known.rules
    const timeout = now < this.#slowUntil ? SHORT_TIMEOUT : TIMEOUT
    const rules = this.#namespaces.inside(netns, () => readHere(timeout)) ?? {
      tables: [],
      unknown: `the packet filter of the other network namespace cannot be read; ${grantHint(['cap_sys_admin', 'cap_net_admin'])}`,
    }
    for (const [inode, { until }] of this.#known) if (now > until) this.#known.delete(inode)
    if (rules.tooLong) this.#slowUntil = now + PAUSE
    this.#known.set(netns, { until: now + (rules.tooLong ? PAUSE : AGE), rules })
    return rules
  }
}

function walk(
  tables: readonly NftTable[],
  hooks: readonly Hook[],
  packet: FilteredPacket,
  add: (hook: Hook, obstacles: readonly Obstacle[]) => void,
): Pick<Passage, 'stopped' | 'packet'> {
  let current = packet
  for (const hook of hooks) {
    const passage = passHook(tables, hook, current)
    add(hook, passage.obstacles)
    if (passage.stopped) return passage
    current = passage.packet
  }
  return { stopped: false, packet: current }
}

function describe(end: 'client' | 'server', hook: Hook, obstacle: Obstacle): FirewallRule {
  const { table, chain, base, rule, action, exact } = obstacle
  return {
    end,
    hook,
    family: table.family,
    table: table.name,
    chain: chain.name,
    handle: rule?.handle ?? 0,
    ...(rule === undefined && { policy: true }),
    text: rule?.text ?? base.text,
    action,
    ...(!exact && { uncertain: true }),
  }
}

/** nft(8) in the thread's namespace: a child is forked from this thread. */
function readHere(timeout: number): Ruleset {
  const legacy = legacyTables()
  const program = systemProgram('nft')
  if (program === undefined)
    return {
      tables: [],
      unknown: `the packet filter cannot be read without nft(8); ${installCommand('nftables')}`,
    }
  const { error, status, stdout, stderr } = lend(['cap_net_admin'], () =>
    spawnSync(program, ['-a', 'list', 'ruleset'], {
      encoding: 'utf8',
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_LENGTH,
      // None of the user's: the program may be lent a capability.
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  if (error === undefined && status === 0)
    return { tables: parseNftRuleset(stdout), ...(legacy !== undefined && { unknown: legacy }) }
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ETIMEDOUT' || code === 'ENOBUFS')
    return { tables: [], unknown: legacy ?? TOO_LONG, tooLong: true }
  return { tables: [], unknown: legacy ?? reason(error, stderr ?? '') }
}

const TOO_LONG =
  'the packet filter could not be read in time (many rules, or a busy machine); look at it with: sudo nft -a list ruleset'

function reason(error: Error | undefined, stderr: string): string {
  if (/not permitted|must be root/.test(stderr))
    return `the packet filter may not be read; ${grantHint(['cap_net_admin'])}`
  return `the packet filter cannot be read (${(stderr || String(error?.message)).trim().split('\n')[0]})`
}

/** Rules of the older ip_tables, which nft does not list: their tables exist once iptables-legacy was run. */
function legacyTables(): string | undefined {
  const names = ['ip', 'ip6'].flatMap((family) => {
    try {
      const text = readFileSync(`/proc/thread-self/net/${family}_tables_names`, 'latin1').trim()
      return text === '' ? [] : [`${family}tables-legacy-save`]
    } catch {
      return []
    }
  })
  return names.length === 0
    ? undefined
    : `rules of iptables-legacy are not looked at; look at them with: sudo ${names[0]}`
}
