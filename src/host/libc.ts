import koffi from 'koffi'

/**
 * The C library's calls that Node has no API for, through FFI. A call costs about 0.2 µs.
 *
 * Calls return what C returns: check for -1 and throw `lastError('what was tried')`.
 * Structures are written into Buffers with a DataView, little-endian host order as on x86-64 and arm64.
 * Only `host/` may import this file.
 */
const library = koffi.load(null)

/** A pointer as koffi hands it out. */
export type Pointer = unknown

export const socket: (domain: number, type: number, protocol: number) => number = library.func(
  'int socket(int domain, int type, int protocol)',
)
export const bind: (fd: number, address: Uint8Array, length: number) => number = library.func(
  'int bind(int fd, const void *address, uint32_t length)',
)
export const connect: (fd: number, address: Uint8Array, length: number) => number = library.func(
  'int connect(int fd, const void *address, uint32_t length)',
)
export const setsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  length: number,
) => number = library.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)')
export const getsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  length: Uint8Array,
) => number = library.func('int getsockopt(int fd, int level, int name, void *value, void *length)')
/** `address` and `length` (u32) are filled in. */
export const getsockname: (fd: number, address: Uint8Array, length: Uint8Array) => number = library.func(
  'int getsockname(int fd, void *address, void *length)',
)
const sendFunction = library.func('int64_t send(int fd, const void *bytes, size_t length, int flags)')
export const send: (fd: number, bytes: Uint8Array, length: number, flags: number) => number = sendFunction
/** The same on a libuv thread, see `SockDiag.ask`; `bytes` must stay as they are until `done`. */
export const sendAsync: (
  fd: number,
  bytes: Uint8Array,
  length: number,
  flags: number,
  done: (error: unknown, sent: number) => void,
) => void = sendFunction.async
export const recv: (fd: number, bytes: Uint8Array, length: number, flags: number) => number = library.func(
  'int64_t recv(int fd, void *bytes, size_t length, int flags)',
)
/** `path` ends in NUL. */
export const openAt: (directory: number, path: Uint8Array, flags: number) => number = library.func(
  'openat',
  'int',
  ['int', 'const void *', 'int'],
)
/** `readlinkat(2)`: bytes of the link's text, without a NUL. */
export const readlinkAt: (directory: number, path: Uint8Array, text: Uint8Array, size: number) => number =
  library.func('int64_t readlinkat(int directory, const void *path, void *text, size_t size)')
export const close: (fd: number) => number = library.func('int close(int fd)')
/** `time` gets `struct timespec`: i64 seconds, i64 nanoseconds. */
export const clockGettime: (clock: number, time: Uint8Array) => number = library.func(
  'int clock_gettime(int clock, void *time)',
)
/** `usage` gets `struct rusage`, 144 bytes: i64 seconds, i64 microseconds in user mode, then the same in the kernel. */
export const getResourceUsage: (who: number, usage: Uint8Array) => number = library.func(
  'int getrusage(int who, void *usage)',
)
/** A `FILE *` over memory, which must live until it is closed. */
export const fmemopen: (bytes: Uint8Array, length: number, mode: string) => Pointer = library.func(
  'void *fmemopen(void *bytes, size_t length, const char *mode)',
)
export const epollCreate: (flags: number) => number = library.func('int epoll_create1(int flags)')
/** `event` is the packed `struct epoll_event` of x86-64: u32 events at 0, u64 data at 4; arm64 has data at 8. */
export const epollControl: (epoll: number, operation: number, fd: number, event: Uint8Array) => number =
  library.func('int epoll_ctl(int epoll, int operation, int fd, void *event)')
export const dup: (fd: number) => number = library.func('int dup(int fd)')
export const dup2: (from: number, to: number) => number = library.func('int dup2(int from, int to)')
export const read: (fd: number, bytes: Uint8Array, length: number) => number = library.func(
  'int64_t read(int fd, void *bytes, size_t length)',
)
export const write: (fd: number, bytes: Uint8Array, length: number) => number = library.func(
  'int64_t write(int fd, const void *bytes, size_t length)',
)
/** `address` is `null` for "anywhere"; returns a pointer, `MAP_FAILED` is -1 (see `isMapFailed`). */
export const mmap: (
  address: null,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => Pointer = library.func(
  'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
)
export const eventfd: (initial: number, flags: number) => number = library.func(
  'int eventfd(unsigned int initial, int flags)',
)
export const ioctlInt: (fd: number, request: number, argument: number) => number = library.func(
  'ioctl',
  'int',
  ['int', 'unsigned long', 'long'],
)
export const ioctlPointer: (fd: number, request: number, argument: Uint8Array) => number = library.func(
  'ioctl',
  'int',
  ['int', 'unsigned long', 'void *'],
)
export const setns: (fd: number, type: number) => number = library.func('int setns(int fd, int type)')
export const unshare: (flags: number) => number = library.func('int unshare(int flags)')
export const prctl: (option: number, a: number, b: number, c: number, d: number) => number = library.func(
  'prctl',
  'int',
  ['int', 'unsigned long', 'unsigned long', 'unsigned long', 'unsigned long'],
)
/** `capset(2)` for the calling thread: `struct __user_cap_header_struct` and two of `__user_cap_data_struct`. */
export const capset: (header: Uint8Array, sets: Uint8Array) => number = library.func(
  'int capset(void *header, const void *sets)',
)
/** `setresuid(2)` for the calling thread alone: the C library's own would change every thread. */
export const setresuidHere: (real: number, effective: number, saved: number) => number = systemCall(
  process.arch === 'arm64' ? 147 : 117,
  ['long', 'long', 'long'],
)
/** `setresgid(2)` for the calling thread alone. */
export const setresgidHere: (real: number, effective: number, saved: number) => number = systemCall(
  process.arch === 'arm64' ? 149 : 119,
  ['long', 'long', 'long'],
)
/** `getdents64(2)`. */
export const getdents: (directory: number, entries: Uint8Array, size: number) => number = systemCall(
  process.arch === 'arm64' ? 61 : 217,
  ['long', 'void *', 'long'],
)
/** `if_indextoname(3)` in the calling thread's network namespace; `null` when there is no such interface. */
export const interfaceName: (index: number, name: Uint8Array) => Pointer | null = library.func(
  'void *if_indextoname(unsigned int index, void *name)',
)
/** `perf_event_open(2)`, which the C library does not wrap; `number` is the architecture's system call. */
export const perfEventOpen: (
  number: number,
  attributes: Uint8Array,
  pid: number,
  cpu: number,
  group: number,
  flags: number,
) => number = library.func('syscall', 'long', ['long', 'void *', 'long', 'long', 'long', 'unsigned long'])
/** Each limit is two u64: soft and hard. */
export const getrlimit: (resource: number, limit: Uint8Array) => number = library.func(
  'int getrlimit(int resource, void *limit)',
)
export const setrlimit: (resource: number, limit: Uint8Array) => number = library.func(
  'int setrlimit(int resource, const void *limit)',
)
/** `bpf(2)`; the size is that of `attributes`. */
export const bpf: (command: number, attributes: Uint8Array, size: number) => number = systemCall(
  process.arch === 'arm64' ? 280 : 321,
  ['long', 'void *', 'long'],
)
/** `fsopen(2)`; `name` ends in NUL. The same number on every architecture, as the next two. */
export const fsopen: (name: Uint8Array, flags: number) => number = systemCall(430, ['void *', 'long'])
/** `fsconfig(2)`. */
export const fsconfig: (fd: number, command: number, key: null, value: null, aux: number) => number =
  systemCall(431, ['long', 'long', 'void *', 'void *', 'long'])
/** `fsmount(2)`. */
export const fsmount: (fd: number, flags: number, attributes: number) => number = systemCall(432, [
  'long',
  'long',
  'long',
])
/** Ends the process at once: nothing that waits for its end is run. */
export const exitNow: (status: number) => void = library.func('_exit', 'void', ['int'])
export const pageSize: () => number = library.func('int getpagesize()')
const pollFunction = library.func('int poll(void *descriptors, unsigned long count, int timeout)')
/** `poll(2)` on the main thread; `timeout` in milliseconds. */
export const poll: (descriptors: Uint8Array, count: number, timeout: number) => number = pollFunction
/** The one foreign call that lasts while the program does, see `wait.ts`: each one pending holds a libuv thread. */
export const pollAsync: (
  descriptors: Uint8Array,
  count: number,
  timeout: number,
  done: (error: unknown, ready: number) => void,
) => void = pollFunction.async

function systemCall<A extends unknown[]>(number: number, types: string[]): (...parameters: A) => number {
  const call = library.func('syscall', 'long', ['long', ...types])
  return (...parameters) => call(number, ...parameters)
}

/** `mallopt(3)`, 0 for a parameter that it does not take; absent where the C library has no such call (musl). */
export const mallopt: ((parameter: number, value: number) => number) | undefined = optional(
  'int mallopt(int parameter, int value)',
)

function optional<Call>(signature: string): Call | undefined {
  try {
    return library.func(signature) as Call
  } catch {
    return undefined
  }
}

const errnoNames = new Map<number, string>(
  Object.entries(koffi.os.errno).map(([name, number]) => [number as number, name]),
)

/** The C library's `errno` of the last call on this thread. */
export function errno(): number {
  return koffi.errno()
}

/** Name of an errno, for example `EPERM`; `errno 133` when the C library has none. */
export function errnoName(number: number): string {
  return errnoNames.get(number) ?? `errno ${number}`
}

/** A failed call of the C library; `code` is the errno's name as in Node's own errors. */
export class SystemError extends Error {
  readonly errno: number
  readonly code: string
  constructor(action: string, number: number) {
    super(`${action}: ${errnoName(number)}`)
    this.name = 'SystemError'
    this.errno = number
    this.code = errnoName(number)
  }
}

/** The last call's failure as an error; `action` says what was tried. */
export function lastError(action: string): SystemError {
  return new SystemError(action, koffi.errno())
}

/** True when `mmap` failed. */
export function isMapFailed(pointer: Pointer): boolean {
  return koffi.address(pointer) === 0xffffffffffffffffn
}

/**
 * Address of a Buffer's memory, for a pointer inside a structure. Only for memory outside the JavaScript heap
 * (`new Uint8Array(new ArrayBuffer(n))`), which never moves; the caller keeps it alive during the call.
 */
export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes)
}

/** Native memory as an ArrayBuffer, without a copy. Reading it after `munmap` kills the process: never unmap. */
export function memoryAt(pointer: Pointer, length: number): ArrayBuffer {
  return koffi.view(pointer, length)
}
