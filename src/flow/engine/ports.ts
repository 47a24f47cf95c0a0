/** A bit for each port: whether a server rather than a client uses it. The host writes it once. */
export const serverPorts: usize = memory.data(8192)

function isServers(port: u32): bool {
  return (load<u8>(serverPorts + (port >>> 3)) & (1 << (port & 7))) != 0
}

/** Whether a packet that starts a flow in the middle comes from its server; `ports` is source << 16 | destination. */
export function comesFromServer(ports: u32): bool {
  const source = ports >>> 16
  const destination = ports & 0xffff
  if (!isServers(source)) return false
  return !isServers(destination) || source < destination
}
