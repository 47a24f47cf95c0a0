/** The rows of doctor's table, in their order. */
export const DOCTOR_CHECKS: readonly string[] = [
  'kernel',
  'packet ring',
  'libpcap',
  'cap engine',
  'sock_diag',
  'unix_diag',
  'owners',
  'tracepoints',
  'BPF',
  'namespaces',
  'iproute2',
]
