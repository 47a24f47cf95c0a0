import { UserError } from '../../user-error.ts'
import type { Io } from '../io.ts'
import type { TraceOptions } from '../trace.ts'
import { runLive } from './live-run.ts'

/** As much of a container's id as it is known by. */
const CONTAINER_ID = /^[0-9a-f]{12,64}$/

export async function runTrace(filter: string, options: TraceOptions, io: Io): Promise<void> {
  refuseUnreadableNames(options)
  await runLive(filter, options, io)
}

/** A container's name is read when a connection of it is seen, mostly from files of root; everyone may read its id. */
function refuseUnreadableNames({ container = [], relinquishPrivileges }: TraceOptions): void {
  const name = container.find((text) => !CONTAINER_ID.test(text))
  if (relinquishPrivileges === undefined || name === undefined) return
  throw new UserError(
    `Cannot look for container ${JSON.stringify(name)}: names of containers cannot be read after -Z`,
    { hint: 'give its id, 12 digits or more, or leave -Z out' },
  )
}
