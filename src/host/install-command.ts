import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

type Manager = 'apt-get' | 'dnf' | 'zypper' | 'pacman' | 'apk'

const COMMANDS: Readonly<Record<Manager, string>> = {
  'apt-get': 'sudo apt-get install',
  dnf: 'sudo dnf install',
  zypper: 'sudo zypper install',
  pacman: 'sudo pacman -S',
  apk: 'sudo apk add',
}

/** Names of a package where they differ from Debian's. */
const OTHER_NAMES: Readonly<Record<string, Partial<Record<Manager, string>>>> = {
  iproute2: { dnf: 'iproute' },
  'libpcap0.8': { dnf: 'libpcap', zypper: 'libpcap1', pacman: 'libpcap', apk: 'libpcap' },
  'libpcap-dev': { dnf: 'libpcap-devel', zypper: 'libpcap-devel', pacman: 'libpcap' },
}

/** The command that installs a package on this machine, by the package manager that is on its PATH. */
export function installCommand(debianName: string, path = process.env['PATH'] ?? ''): string {
  const folders = [...path.split(delimiter), '/usr/bin', '/sbin']
  const managers = Object.keys(COMMANDS) as Manager[]
  const manager = managers.find((name) => folders.some((folder) => existsSync(join(folder, name))))
  const found = manager ?? 'apt-get'
  return `${COMMANDS[found]} ${OTHER_NAMES[debianName]?.[found] ?? debianName}`
}
