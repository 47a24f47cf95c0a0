import { Namespace } from '../support/namespace.ts'
import { Running, runCommand } from '../support/program.ts'

/** Headers, options and what tshark needs to name the payload; the rest was cut, not lost. */
const SNAPLEN = '128'

/** Two hosts and a router between them that loses some of what it forwards; the capture is the caller's. */
const ROUTE = [
  ['caller', 'caller0', '10.77.1.1/24', 'router', 'router1', '10.77.1.2/24'],
  ['server', 'server0', '10.77.2.1/24', 'router', 'router2', '10.77.2.2/24'],
] as const

const GATEWAYS = { caller: '10.77.1.2', server: '10.77.2.2' }

export interface LiveCapture {
  readonly name: string
  /** Of 100 packets, in each direction. */
  readonly loss: number
  /** Segments as large as the offload makes them, or none larger than a frame. */
  readonly offload: boolean
}

export const LIVE_CAPTURES: readonly LiveCapture[] = [
  { name: 'no-loss.pcap', loss: 0, offload: true },
  { name: 'some-loss.pcap', loss: 3, offload: false },
  { name: 'much-loss.pcap', loss: 8, offload: false },
]

/** Makes real connections over a lossy path and captures them to `path`; needs root. */
export async function captureLive({ loss, offload }: LiveCapture, path: string): Promise<void> {
  const hosts = {
    caller: new Namespace('oracles'),
    server: new Namespace('oracles'),
    router: new Namespace('oracles'),
  }
  try {
    for (const [host, device, address, router, port, gateway] of ROUTE) {
      const [inner, outer] = [hosts[host].name, hosts[router].name]
      ip(`link add ${device} netns ${inner} type veth peer name ${port} netns ${outer}`)
      for (const [name, end, own] of [
        [inner, device, address],
        [outer, port, gateway],
      ] as const) {
        ip(`-n ${name} address add ${own} dev ${end}`)
        ip(`-n ${name} link set ${end} up ${offload ? '' : 'gso_max_segs 1'}`.trim())
      }
      ip(`-n ${inner} route add default via ${GATEWAYS[host]}`)
    }
    must(hosts.router.inside(['sysctl', '-qw', 'net.ipv4.ip_forward=1']))
    if (loss > 0) lose(hosts.router, loss)
    await converse(hosts.caller, hosts.server, path)
  } finally {
    for (const host of Object.values(hosts)) host.close()
  }
}

async function converse(caller: Namespace, server: Namespace, path: string): Promise<void> {
  const peer = `${import.meta.dirname}/peer.mjs`
  const capture = ['tcpdump', '-Z', 'root', '-i', 'caller0', '-B', '16384', '-s', SNAPLEN, '-w', path, 'tcp']
  const tcpdump = new Running(caller.inside(capture))
  const listener = new Running(server.inside(['node', peer, 'serve']))
  try {
    await tcpdump.until('it listens', ({ stderr }) => stderr.includes('listening on'))
    await listener.until('it listens', ({ stdout }) => stdout.includes('ready'))
    await new Running(caller.inside(['node', peer, 'call'])).ended()
  } finally {
    await listener.stop('SIGTERM')
    await tcpdump.stop('SIGINT')
  }
}

/** The router's loss is what the endpoints cannot tell from a real one: no error comes back. */
function lose(router: Namespace, percent: number): void {
  must(router.inside(['nft', 'add table ip loss']))
  must(router.inside(['nft', 'add chain ip loss forward { type filter hook forward priority 0 ; }']))
  must(router.inside(['nft', `add rule ip loss forward numgen random mod 100 < ${percent} drop`]))
}

const ip = (command: string) => must(['ip', ...command.split(' ')])

function must(command: readonly string[]): void {
  const { status, stderr } = runCommand(command)
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim()}`)
}
