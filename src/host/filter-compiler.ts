import koffi from 'koffi'
import { LINK_LINUX_SLL2, LINK_RAW } from '../capture/link-type.ts'
import { EXIT, UserError } from '../user-error.ts'

/** The names under which libpcap is installed: Debian's, everyone else's, macOS's. */
const LIBRARIES = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.dylib', '/usr/lib/libpcap.dylib']

/** libpcap numbers raw IP differently in its programming interface (DLT_RAW) than in files (LINKTYPE_RAW). */
const DLT_RAW = 12
const DLT_ETHERNET = 1
/** `struct bpf_program`: u32 count at 0, pointer to the instructions at 8. */
const PROGRAM_SIZE = 16
const INSTRUCTION_SIZE = 8
const OPTIMIZE = 1
const NETMASK_UNKNOWN = 0xffffffff

interface Libpcap {
  readonly openDead: (linkType: number, snaplen: number) => unknown
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
 * Compiles a capture filter with libpcap, as tcpdump would, for packets that start with a `linkType` header.
 * The result is an array of `struct sock_filter`, 8 bytes each, for SO_ATTACH_FILTER or `CbpfProgram`;
 * accepted packets are cut to `snaplen`.
 *
 * Throws `UserError`: a wrong expression (exit 2), no libpcap (exit 5).
 */
export function compileFilter(expression: string, linkType: number, snaplen: number): Uint8Array {
  const pcap = libpcap()
  const result = compile(pcap, expression, linkType === LINK_RAW ? DLT_RAW : linkType, snaplen)
  if (typeof result !== 'string') return result
  throw new UserError(`Cannot use filter ${JSON.stringify(expression)}: ${plainReason(result)}`, {
    hint: 'the language is that of tcpdump: see pcap-filter(7)',
    exitCode: EXIT.usage,
  })
}

/**
 * Compiles a filter for a cooked live capture, whose packets start with the IP header when the kernel runs the
 * filter. Words about the link layer cannot work there; they are refused with the way out.
 */
export function compileCookedFilter(expression: string, snaplen: number): Uint8Array {
  const pcap = libpcap()
  const result = compile(pcap, expression, DLT_RAW, snaplen)
  if (typeof result !== 'string') return result
  // What compiles for Ethernet is not wrong, it only asks for what a cooked packet does not have.
  if (typeof compile(pcap, expression, DLT_ETHERNET, snaplen) === 'string')
    return compileFilter(expression, LINK_RAW, snaplen)
  throw new UserError(
    `Cannot use filter ${JSON.stringify(expression)} on every interface: it asks for link-level fields`,
    { hint: 'name one interface with -i', exitCode: EXIT.usage },
  )
}

/**
 * Compiles a filter for a live capture on one interface. The kernel takes the VLAN tag off before the filter
 * sees the packet, so `vlan` would match nothing: refused rather than silently wrong.
 */
export function compileLiveFilter(expression: string, linkType: number, snaplen: number): Uint8Array {
  if (linkType === LINK_LINUX_SLL2) return compileCookedFilter(expression, snaplen)
  const program = compileFilter(expression, linkType, snaplen)
  if (!/\bvlan\b/.test(expression)) return program
  throw new UserError(
    `Cannot use filter ${JSON.stringify(expression)} live: the kernel removes VLAN tags before it filters`,
    {
      hint: 'capture on the VLAN interface (eth0.10), use --engine cap, or filter a saved file with read --filter',
      exitCode: EXIT.usage,
    },
  )
}

/** The instructions, or libpcap's own words for what is wrong. */
function compile(pcap: Libpcap, expression: string, dlt: number, snaplen: number): Uint8Array | string {
  const handle = pcap.openDead(dlt, snaplen)
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

function plainReason(reason: string): string {
  return reason.replace(/^can't parse filter expression: /, '')
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
