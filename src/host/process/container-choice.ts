import type { ProcessRef } from '../../process-ref.ts'
import { parseContainerId } from '../../sockets/process-text.ts'
import { containerNames } from './container-names.ts'
import { readCgroup } from './procfs.ts'

/** Digits of an id that a process is known by. */
const SHORT_ID = 12

/**
 * Whether a process is in one of the containers of these names, or of ids with 12 digits or more. A container's name is
 * looked for while one of its processes lives: its whole id stands nowhere else.
 */
export function inContainers(wanted: readonly string[], root = ''): (process: ProcessRef) => boolean {
  const nameOf = containerNames(root)
  const known = new Map<string, boolean>()
  return ({ pid, container }) => {
    if (container === undefined) return false
    const before = known.get(container)
    if (before !== undefined) return before
    const isId = (text: string): boolean =>
      text === container || (container.length === SHORT_ID && text.startsWith(container))
    const id = parseContainerId(readCgroup(pid, `${root}/proc`))
    // The pid may be another process's by now, in another container.
    const name = id?.startsWith(container) ? nameOf(id) : undefined
    const isWanted = wanted.some((text) => isId(text) || text === name)
    // Of one that is gone, or that the engine has not written down yet, the name is not known: the next one may tell.
    if (isWanted || name !== undefined) known.set(container, isWanted)
    return isWanted
  }
}
