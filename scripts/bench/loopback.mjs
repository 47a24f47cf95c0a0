// Real traffic for `make bench`: bulk transfers and many short connections over the loopback interface of a network
// namespace of its own, captured whole with tcpdump, and a copy of which only the headers are kept. Needs root.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'

const NAMESPACE = `socktrace-bench-lo-${process.pid}`
/** Ethernet, IPv4 and TCP with every option. */
const HEADERS = 14 + 20 + 60
/** Of each of four bulk transfers, bits a second: one packet of ten, so that whole packets fit on a disk. */
const BULK_RATE = '10M'

/** Captures until there are `packets`, at most `seconds` long. Returns {bytes, packets}. */
export async function captureLoopback(path, headersPath, packets, seconds) {
  run('ip', ['netns', 'add', NAMESPACE])
  const programs = []
  const start = (program, args, stdio = 'ignore') => {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, program, ...args], { stdio })
    programs.push(child)
    return child
  }
  try {
    inside('ip', ['link', 'set', 'lo', 'up', 'mtu', '1500', 'gso_max_segs', '1'])
    inside('sysctl', ['-q', '-w', 'net.ipv4.ip_local_port_range=1024 65535'])
    const tcpdump = start(
      'tcpdump',
      ['-i', 'lo', '-w', path, '-s', '0', '-B', '262144', '-Z', 'root', '-c', `${packets}`],
      ['ignore', 'ignore', 'pipe'],
    )
    const told = once(tcpdump, 'close')
    let stderr = ''
    await new Promise((resolve) => {
      tcpdump.stderr.on('data', (text) => {
        stderr += text
        if (stderr.includes('listening on')) resolve()
      })
      tcpdump.once('close', resolve)
    })
    start('iperf3', ['-s', '-p', '5300'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    start('iperf3', ['-c', '127.0.0.1', '-p', '5300', '-P', '4', '-b', BULK_RATE, '-t', `${seconds}`])
    start('node', [new URL('churn.mjs', import.meta.url).pathname, `${seconds}`])
    const limit = setTimeout(() => tcpdump.kill('SIGINT'), seconds * 1000)
    await told
    clearTimeout(limit)
    const captured = Number(/^(\d+) packets captured/m.exec(stderr)?.[1])
    if (!(captured > 0)) throw new Error(`tcpdump captured nothing: ${stderr}`)
    const dropped = Number(/^(\d+) packets dropped by kernel/m.exec(stderr)?.[1])
    run('editcap', ['-F', 'pcap', '-s', `${HEADERS}`, path, headersPath])
    return { packets: captured, dropped, bytes: statSync(path).size }
  } finally {
    for (const child of programs) child.kill('SIGKILL')
    run('ip', ['netns', 'del', NAMESPACE])
  }
}

function inside(program, args) {
  run('ip', ['netns', 'exec', NAMESPACE, program, ...args])
}

function run(program, args) {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
