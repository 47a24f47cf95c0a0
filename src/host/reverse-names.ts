import { Resolver } from 'node:dns/promises'

/**
 * Names of addresses from /etc/hosts and DNS, as many as answer within `limitMs`; never fails.
 * Asks through c-ares, whose questions can be cancelled: the system's resolver would hold the process.
 */
export async function reverseNames(
  addresses: Iterable<string>,
  limitMs: number,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const resolver = new Resolver({ timeout: limitMs, tries: 1 })
  const timer = setTimeout(() => resolver.cancel(), limitMs)
  await Promise.all(
    [...new Set(addresses)].map(async (address) => {
      try {
        const [name] = await resolver.reverse(address)
        if (name) names.set(address, name)
      } catch {
        // No name, no server, or out of time: the number stays.
      }
    }),
  )
  clearTimeout(timer)
  return names
}
