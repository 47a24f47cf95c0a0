import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readCsv } from '../support/csv-file.ts'
import { type Fed, feedFile } from '../support/feed.ts'
import { compareFigures, PacketFigures } from './compare-figures.ts'
import { compareTcptrace } from './compare-tcptrace.ts'
import { compareTshark } from './compare-tshark.ts'
import { compareArkime, compareZeek } from './compare-zeek.ts'
import { askAll } from './facts.ts'
import { groupBy } from './group.ts'
import { Tally } from './tally.ts'
import { TCPTRACE } from './tcptrace.ts'
import { TSHARK } from './tshark.ts'

/** What is compared, in the order of the table. */
export class Survey {
  readonly tshark = {
    streams: new Tally(),
    flags: new Tally(),
    flagged: new Tally(),
    dupAckNumbers: new Tally(),
    initialRtt: new Tally(),
    inFlight: new Tally(),
    ackRtt: new Tally(),
    rto: new Tally(),
  }
  readonly zeek = { states: new Tally(), histories: new Tally(), volume: new Tally() }
  readonly tcptrace = {
    connections: new Tally(),
    volume: new Tally(),
    retransmitted: new Tally(),
    roundTrips: new Tally(),
  }
  readonly arkime = { sessions: new Tally() }
  /** Captures that were compared with each of the tools that are run. */
  files = { tshark: 0, tcptrace: 0 }

  get tallies(): [name: string, Tally][] {
    const { tshark, zeek, tcptrace, arkime } = this
    return [
      ['tshark: streams and their ends', tshark.streams],
      ['tshark: flags of every TCP packet', tshark.flags],
      ['tshark: flags of flagged packets', tshark.flagged],
      ['tshark: number of a duplicate ACK', tshark.dupAckNumbers],
      ['tshark: initial round trip', tshark.initialRtt],
      ['tshark: bytes in flight', tshark.inFlight],
      ['tshark: round trip of an ACK', tshark.ackRtt],
      ['tshark: time to a retransmission', tshark.rto],
      ['Zeek: conn_state', zeek.states],
      ['Zeek: history', zeek.histories],
      ['Zeek: bytes, packets, missed bytes', zeek.volume],
      ['tcptrace: connections', tcptrace.connections],
      ['tcptrace: packets, resets, bytes', tcptrace.volume],
      ['tcptrace: retransmitted', tcptrace.retransmitted],
      ['tcptrace: round trips', tcptrace.roundTrips],
      ['Arkime: packets, bytes', arkime.sessions],
    ]
  }

  add(other: Survey): this {
    const theirs = other.tallies
    this.tallies.forEach(([, tally], i) => {
      tally.add(theirs[i]![1])
    })
    this.files.tshark += other.files.tshark
    this.files.tcptrace += other.files.tcptrace
    return this
  }
}

/** All public captures. `index.csv` lists them; the baselines of Zeek and Arkime lie beside it. */
export async function surveyCorpora(folder: string): Promise<Survey> {
  const names = readCsv(join(folder, 'index.csv')).map((row) => row['path']!)
  const zeek = groupBy(readCsv(join(folder, 'zeek-conn.csv')), (row) => row['trace']!)
  const arkime = groupBy(readCsv(join(folder, 'arkime-sessions.csv')), (row) => row['capture']!)
  const survey = new Survey()
  await surveyFiles(
    survey,
    folder,
    names.filter((name) => existsSync(join(folder, name))),
    (name, fed) => {
      compareZeek(survey.zeek, name, fed, zeek.get(name) ?? [])
      compareArkime(survey.arkime.sessions, name, fed, arkime.get(name) ?? [])
    },
  )
  return survey
}

/** Captures by name in a folder, held to the tools that can be run. */
export async function surveyFiles(
  survey: Survey,
  folder: string,
  names: readonly string[],
  more: (name: string, fed: Fed) => void = () => {},
): Promise<Survey> {
  const paths = names.map((name) => join(folder, name))
  const tshark = await askAll(TSHARK, paths)
  const tcptrace = await askAll(TCPTRACE, paths)
  names.forEach((name, i) => {
    const figures = new PacketFigures()
    const fed = feedFile(paths[i]!, {}, (packet) => figures.take(packet))
    const wireshark = tshark[i]
    if (wireshark !== undefined) {
      survey.files.tshark++
      compareTshark(survey.tshark, name, fed, wireshark)
      compareFigures(survey.tshark, name, figures, wireshark)
    }
    const connections = tcptrace[i]
    if (connections !== undefined && connections.length > 0) {
      survey.files.tcptrace++
      compareTcptrace(survey.tcptrace, name, fed, connections)
    }
    more(name, fed)
  })
  return survey
}
