/** Ports whose payload is read. */
export const FTP_PORT = 21
export const DNS_PORT = 53
