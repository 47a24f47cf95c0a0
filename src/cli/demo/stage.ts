import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { FlowEvent } from '../../flow/event.ts'
import { ADDRESSES, INTERFACES, Lab, ROOMS, type Room } from '../../host/lab.ts'
import { scanSocketOwners } from '../../host/process/procfs.ts'
import { selfCommand } from '../../host/process/self-command.ts'
import { snapshot } from '../../host/sockets/socket-table.ts'
import { attribute } from '../../sockets/attribute.ts'
import type { SocketRecord } from '../../sockets/socket.ts'
import { EXIT, UserError } from '../../user-error.ts'
import { Actor } from './actor.ts'
import { dropAtServer } from './firewall.ts'
import { EventMerge } from './merge.ts'
import { eventOf, Tracer } from './tracer.ts'

/** What the audience gets to see, in order. */
export interface Audience {
  event(event: FlowEvent, line: string): void
  /** Any other object of the NDJSON: a flow record, a summary. */
  object(line: string): void
  sockets(caption: string, rows: readonly { readonly room: Room; readonly socket: SocketRecord }[]): void
  tell(text: string): void
}

/** The second SYN retransmission takes 3 s at most; a busy machine tells of it seconds later. */
const EVENT_TIMEOUT_MS = 15_000

interface Expectation {
  readonly matches: (event: FlowEvent) => boolean
  readonly seen: () => void
  readonly late: NodeJS.Timeout
}

/** The lab with its two programs inside and the two traces that watch them. */
export class Stage {
  readonly client: Actor
  readonly server: Actor
  readonly #lab: Lab
  readonly #audience: Audience
  readonly #originSeconds: number
  readonly #stop: AbortController
  readonly #children = new Set<ChildProcess>()
  readonly #expectations = new Set<Expectation>()
  readonly #merge: EventMerge<Room>
  /** Events of this scene. */
  #shown: FlowEvent[] = []
  /** Flow records and the summary of the client's trace: they come last. */
  readonly #records: string[] = []
  readonly #tracers: readonly Tracer[]

  private constructor(lab: Lab, audience: Audience, originSeconds: number, stop: AbortController) {
    this.#lab = lab
    this.#originSeconds = originSeconds
    this.#audience = audience
    this.#stop = stop
    this.#merge = new EventMerge(ROOMS, (line) => this.#tryToShow(line))
    this.server = new Actor(this.#start('server', ['demo', '__puppet', 'web-server']))
    this.client = new Actor(this.#start('client', ['demo', '__puppet', 'web-client']))
    this.#tracers = ROOMS.map((room) => this.#trace(room))
  }

  /**
   * Resolves once nothing can be missed; who gets a stage closes it. Events' times count from `originSeconds`.
   * The stage aborts `stop` when nothing can be shown any more.
   */
  static async open(audience: Audience, originSeconds: number, stop: AbortController): Promise<Stage> {
    const stage = new Stage(Lab.create(), audience, originSeconds, stop)
    try {
      await stage.#unlessStopped(Promise.all(stage.#tracers.map((tracer) => tracer.ready())))
    } catch (error) {
      await stage.close()
      throw error
    }
    return stage
  }

  /** Plays a scene to its end, or until the run is stopped or a trace fails: then it rejects. */
  async play(scene: (stage: Stage) => Promise<void>): Promise<void> {
    this.#shown = []
    await this.#unlessStopped(scene(this).then(() => this.#merge.settled()))
  }

  /** How many events that match this scene has shown so far. */
  count(matches: (event: FlowEvent) => boolean): number {
    return this.#shown.filter(matches).length
  }

  /** Resolves when an event that `matches` has been shown; `what` names it should it never come. */
  until(matches: (event: FlowEvent) => boolean, what: string): Promise<void> {
    const expected = this.comes(matches, EVENT_TIMEOUT_MS).then((hasCome) => {
      if (hasCome) return
      const message = `Cannot go on: the trace did not show ${what}`
      throw new UserError(message, { hint: 'see `socktrace doctor`', exitCode: EXIT.internal })
    })
    // A scene that fails elsewhere never comes to await this.
    expected.catch(() => {})
    return expected
  }

  /** Whether an event that `matches` is shown within so many ms. */
  comes(matches: (event: FlowEvent) => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const expectation = { matches, seen: () => resolve(true), late: setTimeout(missed, ms) }
      // A scene goes on for a moment after it was stopped; its timers must not hold the process.
      expectation.late.unref()
      const expectations = this.#expectations.add(expectation)
      function missed(): void {
        expectations.delete(expectation)
        resolve(false)
      }
    })
  }

  /**
   * Shows the sockets of both rooms as `socktrace list` would inside them; those left over from earlier connections
   * only at need. They are those of the call; what happened before them is shown before them.
   */
  async sockets(caption: string, { leftovers = false } = {}): Promise<void> {
    // Nobody else is inside: a scan of all processes of a busy machine can take seconds.
    const owners = scanSocketOwners([this.server.pid, this.client.pid]).byInode
    const rows = ROOMS.flatMap((room) => {
      const { records } = this.#lab.inside(room, () => snapshot({ tables: ['tcp'], processes: false }))
      attribute(records, owners)
      const shown = records.filter(({ state }) => leftovers || state !== 'TIME_WAIT')
      return shown.map((socket) => ({ room, socket }))
    })
    await this.#merge.settled()
    this.#audience.sockets(caption, rows)
  }

  tell(text: string): void {
    this.#audience.tell(text)
  }

  /** Drops what comes to a TCP port of the server, silently. */
  dropAtServer(port: number): void {
    dropAtServer(this.#lab, port)
  }

  /** Lets the traces finish: what they say at their end is shown too. */
  async end(): Promise<void> {
    await Promise.all(this.#tracers.map((tracer) => tracer.stop()))
    this.#merge.flush()
    for (const line of this.#records) this.#audience.object(line)
  }

  /** Ends every process; the namespaces, the cable and the firewall go with the last of them. */
  async close(): Promise<void> {
    this.#merge.close()
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all([...this.#children].map((child) => once(child, 'exit')))
    this.#lab.close()
  }

  #unlessStopped<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, aborted(this.#stop.signal), ...this.#tracers.map(({ failed }) => failed)])
  }

  #start(room: Room, args: readonly string[]): ChildProcess {
    const { file, prefix } = selfCommand()
    const child = this.#lab.spawn(room, file, [...prefix, ...args], { stdio: 'pipe' })
    child.stderr!.resume()
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  #trace(room: Room): Tracer {
    const args = ['trace', '--json', '-i', INTERFACES[room]]
    return new Tracer(this.#start(room, args), (object, line) => {
      if (object.type === 'event') {
        // Each event is told by the trace beside its sender, which knows the sender's process.
        const isNear = object.src.addr === ADDRESSES[room]
        if (object.event !== 'drop') this.#merge.add(room, object.time, isNear ? line : undefined)
        else if (isNear) this.#merge.addAside(room, object.time, line)
      } else if (room === 'client') this.#records.push(line)
    })
  }

  /** Called from outside any scene: a failure (the reader of the output is gone) has nowhere to go but the run's end. */
  #tryToShow(line: string): void {
    try {
      this.#show(line)
    } catch (error) {
      this.#stop.abort(error)
    }
  }

  #show(line: string): void {
    const event = eventOf(line, this.#originSeconds)
    this.#audience.event(event, line)
    this.#shown.push(event)
    for (const expectation of this.#expectations) {
      if (!expectation.matches(event)) continue
      this.#expectations.delete(expectation)
      clearTimeout(expectation.late)
      expectation.seen()
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
