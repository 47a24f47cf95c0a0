import { isIPv6 } from 'node:net'
import { servicePort } from '../../host/names.ts'
import { UserError } from '../../user-error.ts'

export interface Target {
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
}

const HINT = 'give HOST:PORT or HOST PORT, for example example.com:443 or [::1]:ssh'

/** `HOST:PORT` or `HOST PORT`; an IPv6 address before a colon stands in brackets, a port may be a service's name. */
export function parseTarget(text: string, portText: string | undefined): Target {
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)
  if (url !== null) {
    const host = url[1]!.replace(/^.*@/, '')
    throw new UserError(`Cannot connect to the URL ${JSON.stringify(text)}`, {
      hint: `give its host and port, for example ${/:\d+$/.test(host) ? host : `${host}:${text.startsWith('https') ? 443 : 80}`}`,
    })
  }
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text)
  if (bracketed !== null) {
    const [, host = '', port] = bracketed
    if (!isIPv6(host))
      throw new UserError(`${JSON.stringify(host)} in brackets is not an IPv6 address`, { hint: HINT })
    return { host, port: parsePort(oneOf(port, portText, text)) }
  }
  if (portText !== undefined && (isIPv6(text) || !text.includes(':')))
    return { host: hostOf(text), port: parsePort(portText) }
  const colon = text.lastIndexOf(':')
  if (colon !== text.indexOf(':')) {
    const [address, port] = [text.slice(0, colon), text.slice(colon + 1)]
    throw new UserError(`Cannot tell address and port apart in ${JSON.stringify(text)}`, {
      hint: isIPv6(address) ? `write [${address}]:${port}` : HINT,
    })
  }
  const port = colon === -1 ? undefined : text.slice(colon + 1)
  return {
    host: hostOf(colon === -1 ? text : text.slice(0, colon)),
    port: parsePort(oneOf(port, portText, text)),
  }
}

function oneOf(port: string | undefined, other: string | undefined, text: string): string {
  if (port !== undefined && other !== undefined)
    throw new UserError(`Two ports were given, ${JSON.stringify(port)} and ${JSON.stringify(other)}`, {
      hint: HINT,
    })
  const given = port ?? other
  if (given === undefined || given === '')
    throw new UserError(`No port was given to connect to on ${JSON.stringify(text)}`, { hint: HINT })
  return given
}

function hostOf(text: string): string {
  if (text === '') throw new UserError('No host was given to connect to', { hint: HINT })
  return text
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : servicePort(text, 'tcp')
  if (port === undefined)
    throw new UserError(`There is no TCP service called ${JSON.stringify(text)}`, {
      hint: 'the names are those of /etc/services; a port is a number from 1 to 65535',
    })
  if (port < 1 || port > 65_535)
    throw new UserError(`Port ${text} does not exist`, { hint: 'ports are 1 to 65535' })
  return port
}
