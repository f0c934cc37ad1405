/**
 * Everything that lies between processes and the parts that keep data: each call has its effect at one
 * moment and its answer at another, both drawn by seed, and either may be lost.
 */
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** A process as an operating system sees it: dead, it hears nothing more, but what it sent may arrive. */
export interface Process {
  readonly name: string
  alive: boolean
}

/** How likely a call is disturbed. */
export interface Weather {
  /** Refused without effect. */
  refused: number
  /** Lost on its way: no effect, no answer. */
  lost: number
  /** It has its effect, and the answer is lost. */
  unheard: number
}

export const calm: Weather = { refused: 0, lost: 0, unheard: 0 }

export interface CallOptions<T> {
  readonly by: Process
  /** Calls of one lane have their effects, and their answers, in order: a connection. */
  readonly lane: string
  /** Names the fault where one happens to it. */
  readonly part: string
  readonly effect: () => T | Promise<T>
  /** What the caller is told where it cannot know the outcome, or nothing happened. */
  readonly unknown: () => Error
  readonly refused: () => Error
}

interface Call {
  readonly options: CallOptions<unknown>
  lane: string
  state: 'sent' | 'done' | 'over'
  /** When its caller gives it up, ms since the epoch. */
  readonly deadline: number
  heard: boolean
  answer: () => void
  readonly tell: { readonly resolve: (value: unknown) => void; readonly reject: (e: Error) => void }
}

/** How long a client waits for an answer, ms. */
const deadlineMs = 5_000

export class World {
  readonly random: Random
  readonly time: VirtualTime
  weather: Weather = calm
  /** How often each fault has happened. */
  readonly faults = new Map<string, number>()
  readonly #trace: (line: string) => void
  readonly #frozen = new Set<Process>()
  #calls: Call[] = []
  #later: { steps: number; readonly act: () => void; readonly when: () => boolean }[] = []

  constructor(random: Random, time: VirtualTime, trace: (line: string) => void) {
    this.random = random
    this.time = time
    this.#trace = trace
  }

  count(fault: string): void {
    this.#trace(`fault: ${fault}`)
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1)
  }

  /** Nothing that a process has sent arrives, and it hears nothing, for a while: it is stopped, or its network is. */
  freeze(process: Process, ms: number): void {
    this.#frozen.add(process)
    setTimeout(() => this.#frozen.delete(process), ms)
  }

  /** True where a call of this process to `part` is under way. */
  underWay(process: Process, part: string): boolean {
    return this.#calls.some(({ options }) => options.by === process && options.part === part)
  }

  get waiting(): number {
    return this.#calls.length
  }

  /** Sends a call. A dead process calls nobody, and an answer to it is never heard. */
  call<T>(options: CallOptions<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!options.by.alive) return
      const call: Call = {
        options,
        lane: options.lane,
        state: 'sent',
        deadline: this.time.now() + deadlineMs,
        heard: false,
        answer: () => undefined,
        tell: { resolve: resolve as (value: unknown) => void, reject },
      }
      this.#calls.push(call)
    })
  }

  /** Time has passed: what has waited too long is given up by its callers. */
  expire(): void {
    const now = this.time.now()
    for (const call of this.#calls.filter(({ deadline }) => deadline <= now)) this.#giveUp(call)
  }

  /** A process dies: half of what it has sent arrives all the same, at some time. */
  kill(process: Process): void {
    process.alive = false
    this.#calls = this.#calls.filter(
      ({ options, state }) =>
        options.by !== process || (state === 'sent' && this.random.chance(0.5)),
    )
  }

  /**
   * Has something happen in the midst of what is under way: as soon as `when` says so, and at the latest
   * after so many effects and answers.
   */
  soon(steps: number, act: () => void, when: () => boolean = () => false): void {
    this.#later.push({ steps, act, when })
  }

  /** Does one effect, or hands over one answer; false where nothing is under way. */
  async step(): Promise<boolean> {
    this.#strikeInTheMidst()
    const lanes = new Set<string>()
    const ready = this.#calls.filter((call) => {
      if (this.#frozen.has(call.options.by)) return false
      const lane = `${call.lane}:${call.state}`
      const first = !lanes.has(lane)
      lanes.add(lane)
      return first
    })
    if (ready.length === 0) return false
    const call = this.random.pick(ready)
    if (call.state === 'sent') await this.#arrive(call)
    else this.#hear(call)
    return true
  }

  #strikeInTheMidst(): void {
    if (this.#later.length === 0) return
    const due = this.#later.filter((one) => one.steps-- <= 0 || one.when())
    this.#later = this.#later.filter((one) => !due.includes(one))
    for (const { act } of due) act()
  }

  async #arrive(call: Call): Promise<void> {
    const { by, part, effect, refused } = call.options
    this.#trace(`${by.name}: ${part}${call.heard ? ' (given up by its caller)' : ''}`)
    const { weather, random } = this
    if (call.heard) {
      // Its caller has given it up long ago.
      this.#drop(call)
      await quietly(effect)
      return
    }
    const draw = random.fraction()
    const { lost, unheard } = weather
    if (draw < weather.refused) {
      this.count(`${part}: refused`)
      this.#done(call, () => call.tell.reject(refused()))
    } else if (draw < weather.refused + lost) {
      this.count(`${part}: lost`)
      this.#silence(call)
    } else if (draw < weather.refused + lost + unheard) {
      this.count(`${part}: answer lost`)
      this.#silence(call)
      await quietly(effect)
    } else {
      try {
        const value = await effect()
        this.#done(call, () => call.tell.resolve(value))
      } catch (error) {
        this.#done(call, () => call.tell.reject(error as Error))
      }
    }
  }

  #done(call: Call, tell: () => void): void {
    call.state = 'done'
    call.answer = tell
  }

  /** No answer will come: its caller waits until the deadline. */
  #silence(call: Call): void {
    this.#drop(call)
    setTimeout(() => this.#giveUp(call), call.deadline - this.time.now())
  }

  #hear(call: Call): void {
    this.#drop(call)
    call.state = 'over'
    if (!call.heard && call.options.by.alive) call.answer()
  }

  /** The deadline has passed: the caller is told so; what it sent may still arrive. */
  #giveUp(call: Call): void {
    if (call.state === 'over' || call.heard) return
    call.heard = true
    // Half of them hang in a connection of their own: what is sent after them may come before them.
    if (this.random.chance(0.5)) call.lane = `late-${this.time.now()}-${this.#calls.indexOf(call)}`
    if (call.state === 'done') this.#drop(call)
    else if (this.#calls.includes(call))
      this.count(`${call.options.part}: slower than its deadline`)
    if (call.options.by.alive) call.tell.reject(call.options.unknown())
  }

  #drop(call: Call): void {
    const at = this.#calls.indexOf(call)
    if (at >= 0) this.#calls.splice(at, 1)
  }
}

async function quietly(effect: () => unknown): Promise<void> {
  try {
    await effect()
  } catch {
    // Nobody hears of it.
  }
}
