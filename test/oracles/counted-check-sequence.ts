import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const FOLDER = join('build', 'oracles')

// Classic pcap, little endian: the file's header, then records, whose header ends with both lengths.
const MAGIC = 0xa1b2c3d4
const FILE_HEADER_LENGTH = 24
const RECORD_HEADER_LENGTH = 16
const CAPTURED = 8
const ORIGINAL = 12

const ETHER_TYPE = 12
const FABRIC_PATH = 0x8903
const CHECK_SEQUENCE_LENGTH = 4

/**
 * A copy of the capture in which the length on the wire of each FabricPath frame counts its check sequence, as of
 * one that was captured without. No packet byte is another. Returns the copy's path.
 */
export function countCheckSequence(path: string): string {
  const bytes = readFileSync(path)
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error(`${path}: not a pcap file that can be copied`)
  for (let record = FILE_HEADER_LENGTH; record < bytes.length; ) {
    const frame = record + RECORD_HEADER_LENGTH
    if (bytes.readUInt16BE(frame + ETHER_TYPE) === FABRIC_PATH)
      bytes.writeUInt32LE(bytes.readUInt32LE(record + ORIGINAL) + CHECK_SEQUENCE_LENGTH, record + ORIGINAL)
    record = frame + bytes.readUInt32LE(record + CAPTURED)
  }
  mkdirSync(FOLDER, { recursive: true })
  const copy = join(FOLDER, `counted-${basename(path)}`)
  // Renamed, so that tools which other processes run never read half a file.
  const unfinished = `${copy}.${process.pid}`
  writeFileSync(unfinished, bytes)
  renameSync(unfinished, copy)
  return copy
}
