import type { PacketStack } from './stack.ts'

/** Characters of a command that Zeek reads (its `FTP::max_command_length`); RFC 959 section 5.3.1 has three or four. */
const MAX_COMMAND = 100

const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const DELETE = 0x7f

/**
 * Whether a line of this segment begins with a command of more characters than Zeek reads. Each segment is taken to begin
 * a line, as what a person types or a client sends does; a word without its end in the same segment is none.
 */
export function hasLongCommand({ datagram, payloadOffset, payloadCaptured }: PacketStack): boolean {
  const { bytes } = datagram
  const end = payloadOffset + payloadCaptured
  let length = 0
  let isCommand = true
  for (let at = payloadOffset; at < end; at++) {
    const byte = bytes[at]!
    if (byte > SPACE && byte < DELETE) length += 1
    else if (byte !== SPACE && byte !== TAB && byte !== RETURN && byte !== NEWLINE) isCommand = false
    else {
      if (isCommand && length > MAX_COMMAND) return true
      // Blanks before the command belong to nothing; behind it they end it.
      isCommand = byte === NEWLINE || (isCommand && length === 0)
      if (byte === NEWLINE) length = 0
    }
  }
  return false
}
