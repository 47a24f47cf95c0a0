import { readFileSync } from 'node:fs'

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

let users: Map<number, string> | undefined

/** A user's name from /etc/passwd, read once. No name service is asked: it could block on a network. */
export function userName(uid: number): string | undefined {
  if (users === undefined) {
    users = new Map()
    for (const line of lines('/etc/passwd')) {
      const [name, , number] = line.split(':')
      if (name && number && !users.has(Number(number))) users.set(Number(number), name)
    }
  }
  return users.get(uid)
}

export type Transport = 'tcp' | 'udp'

interface Services {
  readonly ports: Map<string, number>
  readonly names: Map<string, string>
}

let services: Services | undefined

function readServices(): Services {
  const ports = new Map<string, number>()
  const names = new Map<string, string>()
  for (const line of lines('/etc/services')) {
    const [name, slot, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const [port, transport] = slot?.split('/') ?? []
    if (!name || !port || !transport) continue
    if (!names.has(`${port}/${transport}`)) names.set(`${port}/${transport}`, name)
    for (const spelling of [name, ...aliases])
      if (!ports.has(`${spelling}/${transport}`)) ports.set(`${spelling}/${transport}`, Number(port))
  }
  return { ports, names }
}

/** Port of a service by its name or alias in /etc/services; `undefined` when unknown. */
export function servicePort(name: string, transport: Transport): number | undefined {
  services ??= readServices()
  return services.ports.get(`${name}/${transport}`)
}

/** Name of a port in /etc/services. */
export function serviceName(port: number, transport: Transport): string | undefined {
  services ??= readServices()
  return services.names.get(`${port}/${transport}`)
}

/** The range of local ports that the kernel chooses from in this network namespace. */
export function ephemeralPorts(): readonly [low: number, high: number] {
  const [low = 32_768, high = 60_999] = (lines('/proc/sys/net/ipv4/ip_local_port_range')[0] ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map(Number)
  return [low, high]
}
