import { createSocket, type Socket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { readDnsDatagram } from '../../src/wire/dns.ts'
import { pointer, record, response } from './dns-message.ts'

const TYPE_A = 1
const ANSWER = 0x8180
const NXDOMAIN = 0x8183
const SERVFAIL = 0x8182

/** A DNS server for tests: A records of `zone`, `servfail` or no answer for those, NXDOMAIN for every other name. */
export class NameServer {
  readonly #socket: Socket = createSocket('udp4')
  readonly #queries = new EventEmitter()

  constructor(zone: Readonly<Record<string, readonly string[] | 'servfail' | 'silent'>>) {
    this.#socket.on('message', (bytes, { address, port }) => {
      const [query] = readDnsDatagram(bytes, 0, bytes.length)
      if (query?.question === undefined) return
      const { id, question } = query
      const known = zone[question.name.toLowerCase()]
      this.#queries.emit(question.name.toLowerCase())
      if (known === 'silent') return
      const addresses = Array.isArray(known) && question.type === TYPE_A ? (known as readonly string[]) : []
      const answer = response(question.name, {
        id,
        type: question.type,
        flags: known === undefined ? NXDOMAIN : known === 'servfail' ? SERVFAIL : ANSWER,
        answers: addresses.map((text) => record(pointer(12), TYPE_A, 60, text.split('.').map(Number))),
      })
      this.#socket.send(answer, port, address)
    })
  }

  /** Resolves once this name (in lower case) is asked for. */
  async asked(host: string): Promise<void> {
    await once(this.#queries, host)
  }

  async listen(address: string): Promise<void> {
    this.#socket.bind(53, address)
    await once(this.#socket, 'listening')
  }

  close(): void {
    this.#socket.close()
  }
}
