import { runCommand } from './program.ts'

let made = 0

/** A network namespace of its own with nothing but loopback; `close` removes it. */
export class Namespace {
  readonly name: string

  constructor(label: string) {
    this.name = `socktrace-${label}-${process.pid}-${made++}`
    must(['ip', 'netns', 'add', this.name])
    must(['ip', '-n', this.name, 'link', 'set', 'lo', 'up'])
  }

  /** The command line that runs `command` inside. */
  inside(command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...command]
  }

  close(): void {
    must(['ip', 'netns', 'delete', this.name])
  }
}

function must(command: readonly string[]): void {
  const { status, stderr } = runCommand(command)
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr.trim()}`)
}
