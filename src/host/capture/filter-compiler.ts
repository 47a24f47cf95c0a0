import koffi from 'koffi'
import { LINK_LINUX_SLL2, LINK_RAW } from '../../capture/link-type.ts'
import { EXIT, UserError } from '../../user-error.ts'
import * as libc from '../libc.ts'

/** The names under which libpcap is installed: Debian's, everyone else's, macOS's. */
const LIBRARIES = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.dylib', '/usr/lib/libpcap.dylib']

/** libpcap numbers raw IP differently in its programming interface (DLT_RAW) than in files (LINKTYPE_RAW). */
const DLT_RAW = 12
const DLT_ETHERNET = 1
/** `struct bpf_program`: u32 count at 0, pointer to the instructions at 8. */
const PROGRAM_SIZE = 16
/** PCAP_ERRBUF_SIZE */
const ERROR_BYTES = 256
const INSTRUCTION_SIZE = 8
const OPTIMIZE = 1
const NETMASK_UNKNOWN = 0xffffffff

interface Libpcap {
  /** A handle for live packets of a link type. */
  readonly openDead: (linkType: number, snaplen: number) => unknown
  /** A handle for the packets of a capture file. */
  readonly openFile: (stream: unknown, error: Uint8Array) => unknown
  readonly compile: (
    handle: unknown,
    program: Uint8Array,
    expression: string,
    optimize: number,
    netmask: number,
  ) => number
  readonly freeCode: (program: Uint8Array) => void
  readonly lastError: (handle: unknown) => string
  readonly close: (handle: unknown) => void
}

let loaded: Libpcap | undefined

/**
 * Compiles a capture filter with libpcap for packets of a capture file, as `tcpdump -r` would. The result is an
 * array of `struct sock_filter`, 8 bytes each, for `CbpfProgram`; accepted packets are cut to `snaplen`.
 *
 * Throws `UserError`: a wrong expression (exit 2), no libpcap (exit 5).
 */
export function compileFilter(expression: string, linkType: number, snaplen: number): Uint8Array {
  const pcap = libpcap()
  // A file, not a live handle: libpcap then allows for the systems that may have written it (the address
  // families of LINKTYPE_NULL) and refuses what only a live capture knows (inbound).
  const header = fileHeader(linkType, snaplen)
  const stream = libc.fmemopen(header, header.length, 'rb')
  const program = compile(pcap, expression, pcap.openFile(stream, new Uint8Array(ERROR_BYTES)))
  return accepted(expression, program)
}

/**
 * Compiles a filter for SO_ATTACH_FILTER on one interface, or for a cooked socket (LINUX_SLL2), where the kernel
 * runs it on packets that start with the IP header. Errors as `compileFilter`.
 *
 * Refused rather than silently wrong: words about the link layer on a cooked socket, which sees none, and `vlan`,
 * as the kernel takes the tag off before the filter sees the packet.
 */
export function compileLiveFilter(expression: string, linkType: number, snaplen: number): Uint8Array {
  const pcap = libpcap()
  const compileFor = (dlt: number): Uint8Array | string =>
    compile(pcap, expression, pcap.openDead(dlt, snaplen))
  if (linkType === LINK_LINUX_SLL2) {
    const program = compileFor(DLT_RAW)
    // What compiles for Ethernet is not wrong, it only asks for what a cooked packet does not have.
    if (typeof program !== 'string' || typeof compileFor(DLT_ETHERNET) === 'string')
      return accepted(expression, program)
    throw refused(
      `${JSON.stringify(expression)} on every interface: it asks for link-level fields`,
      'name one interface with -i',
    )
  }
  const program = accepted(expression, compileFor(linkType === LINK_RAW ? DLT_RAW : linkType))
  if (!/\bvlan\b/.test(expression)) return program
  throw refused(
    `${JSON.stringify(expression)} live: the kernel removes VLAN tags before it filters`,
    'capture on the VLAN interface (eth0.10), use --engine cap, or filter a saved file with read --filter',
  )
}

function accepted(expression: string, program: Uint8Array | string): Uint8Array {
  if (typeof program !== 'string') return program
  const reason = program.replace(/^can't parse filter expression: /, '')
  throw refused(
    `${JSON.stringify(expression)}: ${reason}`,
    'the language is that of tcpdump: see pcap-filter(7)',
  )
}

function refused(what: string, hint: string): UserError {
  return new UserError(`Cannot use filter ${what}`, { hint, exitCode: EXIT.usage })
}

/** A pcap file without packets: magic number, version 2.4, time zone, accuracy, snaplen, link type. */
function fileHeader(linkType: number, snaplen: number): Uint8Array {
  const header = new Uint8Array(new ArrayBuffer(24))
  const view = new DataView(header.buffer)
  view.setUint32(0, 0xa1b2c3d4, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, snaplen, true)
  view.setUint32(20, linkType, true)
  return header
}

/** The instructions, or libpcap's own words for what is wrong. */
function compile(pcap: Libpcap, expression: string, handle: unknown): Uint8Array | string {
  if (handle === null) return 'libpcap does not know this link type'
  // Off-heap memory: the collector must not move it while libpcap writes.
  const program = new Uint8Array(new ArrayBuffer(PROGRAM_SIZE))
  try {
    if (pcap.compile(handle, program, expression, OPTIMIZE, NETMASK_UNKNOWN) !== 0)
      return pcap.lastError(handle)
    const view = new DataView(program.buffer)
    const count = view.getUint32(0, true)
    const code = koffi.view(view.getBigUint64(8, true), count * INSTRUCTION_SIZE)
    const instructions = new Uint8Array(code).slice()
    pcap.freeCode(program)
    return instructions
  } finally {
    pcap.close(handle)
  }
}

/** Opened at the first filter, never before: the program works without libpcap. */
function libpcap(): Libpcap {
  loaded ??= openLibpcap()
  return loaded
}

function openLibpcap(): Libpcap {
  for (const name of LIBRARIES) {
    try {
      const library = koffi.load(name)
      return {
        openDead: library.func('void *pcap_open_dead(int link_type, int snaplen)'),
        openFile: library.func('void *pcap_fopen_offline(void *stream, void *error)'),
        compile: library.func(
          'int pcap_compile(void *handle, void *program, const char *expression, int optimize, uint32_t netmask)',
        ),
        freeCode: library.func('void pcap_freecode(void *program)'),
        lastError: library.func('const char *pcap_geterr(void *handle)'),
        close: library.func('void pcap_close(void *handle)'),
      }
    } catch {
      // Not under this name: try the next one.
    }
  }
  throw new UserError('Cannot use a filter: libpcap is not installed', {
    hint: 'install it: apt install libpcap0.8, dnf install libpcap, apk add libpcap',
    exitCode: EXIT.internal,
  })
}
