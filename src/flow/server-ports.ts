/**
 * Ports that a server rather than a client uses: the well-known ports of the protocols that connection logs look
 * for. They decide who is the client of a flow whose beginning was not captured.
 */
export const SERVER_PORTS = new Set([
  21, 22, 23, 25, 53, 67, 69, 79, 80, 81, 88, 102, 110, 111, 123, 135, 137, 139, 143, 161, 162, 179, 389, 443,
  445, 465, 502, 514, 515, 554, 563, 585, 587, 614, 631, 636, 853, 873, 989, 990, 992, 993, 995, 1080, 1194,
  1433, 1434, 1521, 1812, 1883, 2049, 2375, 2379, 2811, 3128, 3268, 3306, 3389, 3478, 4789, 5060, 5061, 5222,
  5223, 5269, 5353, 5355, 5432, 5672, 5900, 6081, 6379, 6443, 6666, 6667, 6668, 6669, 8000, 8080, 8443, 8883,
  8888, 9092, 9200, 11211, 20000, 27017,
])

/** Whether the packet that starts a flow in the middle comes from its server. */
export function comesFromServer(sourcePort: number, destinationPort: number): boolean {
  if (!SERVER_PORTS.has(sourcePort)) return false
  return !SERVER_PORTS.has(destinationPort) || sourcePort < destinationPort
}
