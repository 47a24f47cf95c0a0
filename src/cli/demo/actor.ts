import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { PuppetAnswer, PuppetCall, PuppetRequest } from './puppet.ts'

/** This side of a puppet: asks it for socket calls and waits for what they returned. */
export class Actor {
  readonly #process: ChildProcess
  readonly #pending = new Map<number, (answer: PuppetAnswer) => void>()
  #requests = 0

  /** `process` runs `runPuppet` with pipes for standard input and output. */
  constructor(process: ChildProcess) {
    this.#process = process
    process.stdin!.on('error', () => {})
    createInterface({ input: process.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as PuppetAnswer
      this.#pending.get(answer.id)?.(answer)
      this.#pending.delete(answer.id)
    })
    process.once('exit', () => {
      for (const [id, settle] of this.#pending) settle({ id, error: 'the process has ended' })
    })
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** What the call returned; a call that failed is a fault of the demo. */
  call(call: PuppetCall, ...args: PuppetRequest['args']): Promise<string> {
    const returned = this.#ask(call, args).then(({ result = '', error }) => {
      if (error !== undefined) throw new Error(`${call}(${args.join(', ')}) failed: ${error}`)
      return result
    })
    // A scene that is interrupted never comes to await this.
    returned.catch(() => {})
    return returned
  }

  /** Name of the errno that a call is expected to fail with. */
  async fails(call: PuppetCall, ...args: PuppetRequest['args']): Promise<string> {
    const { error } = await this.#ask(call, args)
    if (error === undefined) throw new Error(`${call}(${args.join(', ')}) did not fail`)
    return error
  }

  #ask(call: PuppetCall, args: PuppetRequest['args']): Promise<PuppetAnswer> {
    this.#requests += 1
    const request: PuppetRequest = { id: this.#requests, call, args }
    return new Promise((resolve) => {
      this.#pending.set(request.id, resolve)
      this.#process.stdin!.write(`${JSON.stringify(request)}\n`)
    })
  }
}
