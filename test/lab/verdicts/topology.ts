import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * `pair`: client — server. `router`: client — router — server, for what only a third party can do. `local`: both
 * ends in one namespace, over loopback.
 */
export type Topology = 'pair' | 'router' | 'local'
export type Place = 'client' | 'server' | 'router'
export type Family = 4 | 6

/**
 * An attempt that nothing answers ends after 3 s; nothing waits for duplicate address detection or rate limits. Those that
 * this kernel does not have are passed over: linear timeouts came with Linux 6.5.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  'net/ipv4/tcp_syn_retries': '1',
  'net/ipv4/tcp_syn_linear_timeouts': '0',
  'net/ipv4/tcp_synack_retries': '2',
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv6/icmp/ratelimit': '0',
  'net/ipv6/conf/default/accept_dad': '0',
  'net/ipv6/conf/all/accept_dad': '0',
}

/** Runs a shell script; throws with what it said when a command of it fails. */
export async function shell(script: string): Promise<string> {
  const { stdout } = await execute('sh', ['-ec', script], { maxBuffer: 1 << 24 })
  return stdout
}

/** Network namespaces of one scenario, joined by veth. `number` makes its addresses unique in the whole run. */
export class Lab {
  readonly #topology: Topology
  readonly #stem: string
  readonly #number: number

  private constructor(topology: Topology, number: number) {
    this.#topology = topology
    this.#number = number
    this.#stem = `skl-${process.pid}-${number}`
  }

  static async open(topology: Topology, number: number): Promise<Lab> {
    const lab = new Lab(topology, number)
    try {
      await shell(lab.#script())
    } catch (error) {
      await lab.close()
      throw error
    }
    return lab
  }

  namespace(place: Place): string {
    return `${this.#stem}-${this.#topology === 'local' ? 'local' : place}`
  }

  address(place: 'client' | 'server', family: Family): string {
    if (this.#topology === 'local') return family === 4 ? '127.0.0.1' : '::1'
    const n = this.#number
    const far = place === 'server' && this.#topology === 'router' ? 1 : 0
    const host = place === 'client' ? 1 : 2
    return family === 4 ? `10.${n}.${far}.${host}` : `fd00:${n}:${far}::${host}`
  }

  /** The command line that runs `command` in a place. */
  inside(place: Place, command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace(place), ...command]
  }

  async close(): Promise<void> {
    for (const name of this.#namespaces()) await shell(`ip netns delete ${name}`).catch(() => {})
  }

  #namespaces(): string[] {
    if (this.#topology === 'local') return [this.namespace('client')]
    const places: readonly Place[] =
      this.#topology === 'pair' ? ['client', 'server'] : ['client', 'server', 'router']
    return places.map((place) => this.namespace(place))
  }

  #script(): string {
    const names = this.#namespaces()
    const settings = Object.entries(SETTINGS).map(
      ([path, value]) => `[ ! -e /proc/sys/${path} ] || echo ${value} >/proc/sys/${path}`,
    )
    return [
      ...names.map((name) => `ip netns add ${name}`),
      ...names.map((name) => `ip netns exec ${name} sh -ec '${settings.join('\n')}'`),
      ...names.map((name) => `ip -n ${name} link set lo up`),
      ...this.#links(),
    ].join('\n')
  }

  #links(): string[] {
    if (this.#topology === 'local') return []
    const [client, server] = [this.namespace('client'), this.namespace('server')]
    if (this.#topology === 'pair')
      return [
        `ip link add eth0 netns ${client} type veth peer name eth0 netns ${server}`,
        ...this.#end('client', 'eth0', ''),
        ...this.#end('server', 'eth0', ''),
      ]
    const router = this.namespace('router')
    const n = this.#number
    return [
      `ip link add eth0 netns ${client} type veth peer name eth0 netns ${router}`,
      `ip link add eth0 netns ${server} type veth peer name eth1 netns ${router}`,
      `ip netns exec ${router} sh -ec 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'`,
      `ip -n ${router} -batch - <<END`,
      `address add 10.${n}.0.254/24 dev eth0`,
      `address add fd00:${n}:0::fe/64 dev eth0 nodad`,
      `address add 10.${n}.1.254/24 dev eth1`,
      `address add fd00:${n}:1::fe/64 dev eth1 nodad`,
      'link set eth0 up',
      'link set eth1 up',
      'END',
      ...this.#end('client', 'eth0', '0'),
      ...this.#end('server', 'eth0', '1'),
    ]
  }

  /** Addresses of one end, and its route by the router. */
  #end(place: 'client' | 'server', device: string, net: '' | '0' | '1'): string[] {
    const n = this.#number
    return [
      `ip -n ${this.namespace(place)} -batch - <<END`,
      `address add ${this.address(place, 4)}/24 dev ${device}`,
      `address add ${this.address(place, 6)}/64 dev ${device} nodad`,
      `link set ${device} up`,
      ...(net === ''
        ? []
        : [`route add default via 10.${n}.${net}.254`, `route add ::/0 via fd00:${n}:${net}::fe`]),
      'END',
    ]
  }
}
