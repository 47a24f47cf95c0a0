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

/** The command that installs a package on this machine, by the package manager that is there. */
export function installCommand(debianName: string, folders = programFolders()): string {
  const managers = Object.keys(COMMANDS) as Manager[]
  const isThere = (name: Manager): boolean => folders.some((folder) => existsSync(join(folder, name)))
  const manager = managers.find(isThere) ?? 'apt-get'
  return `${COMMANDS[manager]} ${OTHER_NAMES[debianName]?.[manager] ?? debianName}`
}

function programFolders(): readonly string[] {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/sbin']
}
