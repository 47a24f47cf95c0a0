import type { Attribution, ProcessRef } from '../../process-ref.ts'
import type { ProcessDetails } from './procfs.ts'

type Named = Pick<ProcessRef, 'pid' | 'comm'>

/** A process as the output has it: how it came to be known, and what /proc told of it if that was read in time. */
export function processRef(
  { pid, comm }: Named,
  attribution: Attribution,
  details?: ProcessDetails,
): ProcessRef {
  const { exe, cmdline, user, container }: Partial<ProcessDetails> = details ?? {}
  return {
    pid,
    comm,
    ...(exe !== undefined && { exe }),
    ...(cmdline !== undefined && { cmdline }),
    ...(user !== undefined && { user }),
    ...(container !== undefined && { container }),
    attribution,
  }
}
