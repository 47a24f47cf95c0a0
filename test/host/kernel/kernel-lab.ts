import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { type KernelPlane, openKernelPlane } from '../../../src/host/kernel/kernel-plane.ts'
import type { KernelFact } from '../../../src/kernel/fact.ts'
import { Namespace } from '../../support/namespace.ts'
import { runCommand } from '../../support/program.ts'

const PYTHON = '/usr/bin/python3'

/** What every victim begins with: `dial` prints one line of JSON for each connect(), as the program saw it. */
const VICTIM = `
import errno, json, os, socket, struct, sys, threading, time
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
def tell(**what): sys.stdout.write(json.dumps({'pid': os.getpid(), **what}) + '\\n'); sys.stdout.flush()
def dial(host, port, kind=TCP, source=None, timeout=None):
    one = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, kind)
    one.settimeout(timeout)
    error = None
    try:
        if source: one.bind((source, 0))
        one.connect((host, port))
    except TimeoutError as problem: error = errno.errorcode.get(problem.errno, 'timed out')
    except OSError as problem: error = errno.errorcode[problem.errno]
    tell(host=host, port=port, error=error)
    return one
`

export interface Told {
  readonly pid: number
  readonly host: string
  readonly port: number
  readonly error: string | null
}

/** A client's and a server's namespace, joined by one link, and the kernel plane that watches them. */
export class KernelLab {
  readonly client = new Namespace('skp-client')
  readonly server = new Namespace('skp-server')
  readonly inode: { readonly client: number; readonly server: number }
  readonly #plane: KernelPlane

  constructor(engine: 'bpf' | 'perf' = 'bpf') {
    const { client, server } = this
    must(
      `ip link add skp0 netns ${client.name} type veth peer name skp1 netns ${server.name}`,
      `ip -n ${client.name} addr add 10.88.0.1/24 dev skp0`,
      `ip -n ${server.name} addr add 10.88.0.2/24 dev skp1`,
      `ip -n ${client.name} addr add fd88::1/64 dev skp0 nodad`,
      `ip -n ${server.name} addr add fd88::2/64 dev skp1 nodad`,
      `ip -n ${client.name} link set skp0 up`,
      `ip -n ${server.name} link set skp1 up`,
    )
    for (const { name } of [client, server])
      must(`ip netns exec ${name} sysctl -eqw net.ipv4.tcp_syn_retries=1 net.ipv4.tcp_syn_linear_timeouts=0`)
    this.inode = {
      client: statSync(`/run/netns/${client.name}`).ino,
      server: statSync(`/run/netns/${server.name}`).ino,
    }
    this.#plane = openKernelPlane({ engine })
    // The neighbours get to know each other, which for a new IPv6 address may take a second.
    this.run(`dial('10.88.0.2', 1)\ndial('fd88::2', 1)`)
  }

  /** Runs shell commands in a namespace. */
  in(namespace: Namespace, ...commands: readonly string[]): void {
    for (const command of commands) must(namespace.inside(['sh', '-c', command]))
  }

  /** Rules in a table of their own; the function that is returned removes them. */
  rules(namespace: Namespace, hook: 'input' | 'output', ...rules: readonly string[]): () => void {
    const lines = rules.map((rule) => `add rule inet ${hook}s c ${rule};`).join(' ')
    must(
      namespace.inside([
        'nft',
        `add table inet ${hook}s; add chain inet ${hook}s c { type filter hook ${hook} priority 0; }; ${lines}`,
      ]),
    )
    return () => must(namespace.inside(['nft', `delete table inet ${hook}s`]))
  }

  /** Runs a Python program to its end; what it told, and the facts of the two namespaces meanwhile. */
  run(program: string, inside: Namespace = this.client): { told: Told[]; facts: KernelFact[] } {
    this.#facts()
    const { status, stdout, stderr } = runCommand(inside.inside([PYTHON, '-c', VICTIM + program]))
    if (status !== 0) throw new Error(stderr)
    const told = stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told)
    return { told, facts: this.#facts() }
  }

  /** A listener in the server's namespace, until the function that is returned is called. */
  serve(port: number): () => void {
    const program = `import socket, sys\nlistener = socket.create_server(('10.88.0.2', ${port}))\nsys.stdin.read()`
    const [command, ...words] = this.server.inside([PYTHON, '-c', program])
    const child = spawn(command!, words, { stdio: ['pipe', 'ignore', 'inherit'] })
    // Whether it listens already can only be seen by connecting to it from beside it.
    const attempt = `while True:
    try: socket.create_connection(('10.88.0.2', ${port})); break
    except OSError: time.sleep(0.01)`
    this.run(attempt, this.server)
    return () => child.stdin.end()
  }

  close(): void {
    this.#plane.close()
    this.client.close()
    this.server.close()
  }

  #facts(): KernelFact[] {
    const facts: KernelFact[] = []
    const inodes: (number | null)[] = Object.values(this.inode)
    this.#plane.drain((fact) => {
      if (fact.netns === null ? isOurs(fact) : inodes.includes(fact.netns)) facts.push(fact)
    })
    return facts
  }
}

/** Facts without a namespace are told by the lab's addresses. */
function isOurs(fact: KernelFact): boolean {
  const end = fact.fact === 'drop' ? fact.src : fact.local
  return end.addr.startsWith('10.88.') || end.addr.startsWith('fd88:')
}

function must(...commands: readonly (string | readonly string[])[]): void {
  for (const command of commands) {
    const words = typeof command === 'string' ? command.split(' ') : command
    const { status, stderr } = runCommand(words)
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr.trim()}`)
  }
}
