import type { Command } from 'commander'

type Define = (program: Command) => void

/** Every command and how to load its definition; what runs it is loaded later still. */
export const COMMANDS: Readonly<Record<string, () => Promise<Define>>> = {
  list: async () => (await import('./list.ts')).defineList,
  trace: async () => (await import('./trace.ts')).defineTrace,
  read: async () => (await import('./read.ts')).defineRead,
  connect: async () => (await import('./connect.ts')).defineConnect,
  run: async () => (await import('./run.ts')).defineRun,
  demo: async () => (await import('./demo.ts')).defineDemo,
  doctor: async () => (await import('./doctor.ts')).defineDoctor,
  devices: async () => (await import('./devices.ts')).defineDevices,
  schema: async () => (await import('./schema.ts')).defineSchema,
  completion: async () => (await import('./completion.ts')).defineCompletion,
  help: async () => (await import('./help.ts')).defineHelp,
}

const ALIASES: Readonly<Record<string, string>> = { ls: 'list' }

/** The command that a command line names, `undefined` for plain `socktrace`. */
export function commandOf(args: readonly string[]): string | undefined {
  const first = args[0] ?? ''
  const name = ALIASES[first] ?? first
  return Object.hasOwn(COMMANDS, name) ? name : undefined
}
