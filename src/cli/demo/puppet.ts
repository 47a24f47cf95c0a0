import { createConnection, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** One request on standard input and its answer on standard output, each a line of JSON. */
export interface PuppetRequest {
  readonly id: number
  readonly call: PuppetCall
  readonly args: readonly (string | number)[]
}

export interface PuppetAnswer {
  readonly id: number
  readonly result?: string
  /** Name of the errno, for example `ECONNREFUSED`. */
  readonly error?: string
}

/** The socket calls that a scene can ask for. */
export type PuppetCall = 'listen' | 'connect' | 'accept' | 'send' | 'receive' | 'shutdown' | 'close'

/**
 * A program that makes exactly the socket calls it is told to: the clients and servers of the demo.
 * It has one connection at a time, never reads unless told to, and ends when its standard input does.
 */
class Puppet {
  #socket: Socket | undefined
  #accepted: Socket[] = []
  #waiting: ((socket: Socket) => void) | undefined

  listen(port: number, host = '0.0.0.0'): Promise<void> {
    // Half-open is what a socket is by itself; without it Node would answer every FIN with its own.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      if (this.#waiting === undefined) this.#accepted.push(socket)
      else this.#waiting(socket)
      this.#waiting = undefined
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
  }

  async accept(): Promise<void> {
    this.#socket =
      this.#accepted.shift() ?? (await new Promise<Socket>((resolve) => (this.#waiting = resolve)))
    // A reset that nobody reads is part of a scene, not a fault.
    this.#socket.on('error', () => {})
  }

  connect(host: string, port: number): Promise<void> {
    const socket = createConnection({ host, port, allowHalfOpen: true })
    socket.pause()
    this.#socket = socket
    return new Promise((resolve, reject) => {
      socket.once('connect', resolve).on('error', reject).once('close', resolve)
    })
  }

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#open().write(text, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** What comes next: the bytes as text, or `''` for the end of the stream. */
  receive(): Promise<string> {
    const socket = this.#open()
    return new Promise((resolve, reject) => {
      const settle = (text: string): void => {
        socket.pause().off('data', onData).off('end', onEnd).off('error', reject)
        resolve(text)
      }
      const onData = (data: Buffer): void => settle(data.toString())
      const onEnd = (): void => settle('')
      socket.on('data', onData).once('end', onEnd).once('error', reject).resume()
    })
  }

  shutdown(): Promise<void> {
    return new Promise((resolve) => this.#open().end(resolve))
  }

  close(): void {
    this.#open().destroy()
  }

  #open(): Socket {
    if (this.#socket === undefined) throw new Error('There is no connection')
    return this.#socket
  }
}

async function answer(puppet: Puppet, { id, call, args }: PuppetRequest): Promise<PuppetAnswer> {
  try {
    // Each call takes exactly what `PuppetRequest.args` holds for it; the scenes are the only caller.
    const method = puppet[call] as (...args: (string | number)[]) => Promise<string | undefined>
    const result = await method.apply(puppet, [...args])
    return result === undefined ? { id } : { id, result }
  } catch (error) {
    return { id, error: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}

/** Runs until standard input ends. `name` becomes the name of the process (its first 15 bytes). */
export function runPuppet(name: string): void {
  process.title = name
  // Ctrl-C reaches the whole foreground group; the demo ends its puppets itself.
  process.on('SIGINT', () => {})
  const puppet = new Puppet()
  const lines = createInterface({ input: process.stdin })
  lines.on('line', async (line) => {
    const reply = await answer(puppet, JSON.parse(line) as PuppetRequest)
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  })
  lines.on('close', () => process.exit(0))
}
