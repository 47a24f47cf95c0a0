/** The local ports that connect() chooses from. */
export interface PortRange {
  readonly low: number
  readonly high: number
  /** `net.ipv4.ip_local_reserved_ports`, as far as they are in the range. */
  readonly reserved: ReadonlySet<number>
}

/** `range` is `net.ipv4.ip_local_port_range` (two numbers), `reserved` a list such as `8080,9000-9010`. */
export function parsePortRange(range: string, reserved: string): PortRange {
  const [low = 32_768, high = 60_999] = range.split(/\s+/).filter(Boolean).map(Number)
  const ports = new Set<number>()
  for (const part of reserved.split(',')) {
    const [, first, last] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? []
    if (first === undefined) continue
    const end = Math.min(high, Number(last ?? first))
    for (let port = Math.max(low, Number(first)); port <= end; port++) ports.add(port)
  }
  return { low, high, reserved: ports }
}

export function portCount({ low, high, reserved }: PortRange): number {
  return Math.max(0, high - low + 1 - reserved.size)
}

export function isInRange({ low, high, reserved }: PortRange, port: number): boolean {
  return port >= low && port <= high && !reserved.has(port)
}
