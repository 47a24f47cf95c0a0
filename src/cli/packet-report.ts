import type { PacketBatch } from '../capture/batch.ts'
import type { PacketSource } from '../capture/source.ts'
import { packetFields, packetText } from '../render/packet-line.ts'
import { sanitize } from '../render/sanitize.ts'
import type { TimeFormat, TraceClock } from '../render/time.ts'
import type { Frame } from '../wire/frame.ts'
import type { PacketStack } from '../wire/stack.ts'
import type { Io } from './io.ts'
import type { PacketSink } from './pump.ts'

/** `--packets`: one line of text, or one object, for every packet. */
export function packetReport(
  io: Io,
  source: PacketSource,
  clock: TraceClock,
  format: { readonly json: boolean; readonly time: TimeFormat },
): PacketSink {
  return {
    packet(batch: PacketBatch, index: number, _frame: Frame, stack: PacketStack) {
      const at = batch.time[index]!
      const packet = batch.number[index]!
      const iface = source.interfaces[batch.iface[index]!]?.name
      if (format.json) {
        const time = { time: clock.rfc3339(at), ts: clock.epoch(at) }
        const length = batch.original[index]!
        io.write(
          `${JSON.stringify({ type: 'packet', ...time, packet, iface, length, ...packetFields(stack) })}\n`,
        )
        return
      }
      const name = iface === undefined ? '' : `${sanitize(iface)} `
      io.write(`${clock.text(at, format.time)} ${name}${packetText(stack)}\n`)
    },
  }
}
