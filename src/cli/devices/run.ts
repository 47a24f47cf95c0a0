import { type Device, listDevices } from '../../host/devices.ts'
import { writeColumns } from '../../render/columns.ts'
import { type DeviceObject, deviceColumns } from '../../render/devices.ts'
import { jsonLine } from '../../render/json-text.ts'
import { createStyle, wantsColor } from '../../render/style.ts'
import { processIo } from '../io.ts'
import type { CommonOptions } from '../options.ts'

export function runDevices(options: CommonOptions): void {
  const io = processIo(options.quiet)
  const devices = listDevices().map(deviceObject)
  if (options.json) for (const device of devices) io.write(jsonLine(device))
  else {
    const { isTerminal, env, columns } = io
    const style = createStyle(wantsColor({ choice: options.color, isTerminal, environment: env }))
    const width = isTerminal ? columns : undefined
    writeColumns(devices, deviceColumns, { header: true, style, width }, (text) => io.write(text))
  }
  io.flush()
}

/** `link_type` stands where `linkType` does inside the program. */
function deviceObject({ name, index, up, running, loopback, linkType, ...rest }: Device): DeviceObject {
  return { type: 'device', name, index, up, running, loopback, link_type: linkType, ...rest }
}
