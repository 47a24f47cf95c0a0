import { isatty } from 'node:tty'
import { EXIT, type UserError } from '../../user-error.ts'
import { DEFAULT_MAX_FLOWS, DEFAULT_RING_MIB, DEFAULT_SNAPLEN } from '../capture-options.ts'
import type { Io } from '../io.ts'
import type { PlainOptions } from '../stream.ts'

/**
 * The capture is opened before the sockets are listed, so that nothing falls between the two.
 * Without the privilege to capture the list still comes, then the error that says how to get it.
 */
export async function runStream(options: PlainOptions, io: Io): Promise<void> {
  const live = {
    ...options,
    proto: 'tcp',
    maxFlows: DEFAULT_MAX_FLOWS,
    snaplen: DEFAULT_SNAPLEN,
    bufferSize: DEFAULT_RING_MIB,
    // libpcap's `cap` knows no other way.
    promiscuous: options.engine === 'cap',
  } as const
  if (opensScreen(options, io)) {
    const { runLiveScreen } = await import('../trace/screen.ts')
    return runLiveScreen(live, io)
  }
  const [{ runList }, { runLive }] = await Promise.all([
    import('../list/run.ts'),
    import('../trace/live-run.ts'),
  ])
  const list = async (): Promise<void> => {
    const { json, color, resolve } = options
    const shown = { color, process: true, header: true, ...(json && { json }), ...(resolve && { resolve }) }
    await runList([], shown, io)
    if (!options.json) io.write('\n')
  }
  let listed = false
  try {
    await runLive('', live, io, async () => {
      listed = true
      await list()
    })
  } catch (error) {
    if (!listed && (error as UserError).exitCode === EXIT.privilege) await list()
    throw error
  }
}

/** A terminal on both sides, and nothing said against it. */
function opensScreen({ json }: PlainOptions, { isTerminal, env }: Io): boolean {
  return json === undefined && isTerminal && isatty(0) && env['TERM'] !== 'dumb'
}
