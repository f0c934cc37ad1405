/**
 * A platform with people, workloads and thieves, as a function of its seed, of the time it is told
 * and of the decisions it is told of. It reads no clock and sends nothing itself.
 */
import type { Decision } from '@holdpoint/risk'
import { Agenda } from './agenda.ts'
import { type Attack, attacks, raid } from './attacks.ts'
import { EventMaker, type SentEvent } from './events.ts'
import { openSession, personHistory, workloadHistory } from './history.ts'
import { createPeople, createWorkloads, type Workload } from './people.ts'
import { PersonLife } from './person-life.ts'
import { createRandom, type Random, seedFor } from './random.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly people: number
  readonly workloads: number
  /** How many times as much happens in the same time. */
  readonly speed: number
  /** Told of each attack as it begins. */
  readonly onAttack?: (attack: string, personId: string, at: number) => void
}

/** How long things take at speed 1, ms. */
const pace = { firstAttack: 3_000, attack: 30_000, noVictim: 2_000, workload: 40_000 } as const

export class Simulation {
  readonly #options: SimulationOptions
  readonly #agenda = new Agenda()
  readonly #make: EventMaker
  readonly #random: Random
  readonly #lives: readonly PersonLife[]
  readonly #livesById: ReadonlyMap<string, PersonLife>
  readonly #workloads: readonly Workload[]
  /** The attack that each person is under, or was last. */
  readonly #under = new Map<PersonLife, Attack>()
  #turn = 0
  #attacks = 0
  #attackEvents = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    const { seed, people, workloads, speed } = options
    this.#make = new EventMaker(`sim-${seed}`)
    this.#random = createRandom(seedFor(seed, -1))
    this.#lives = createPeople(seed, people).map(
      (person) => new PersonLife(person, this.#agenda, this.#make, speed),
    )
    this.#livesById = new Map(this.#lives.map((life) => [life.person.id, life]))
    this.#workloads = createWorkloads(seed, workloads)
  }

  /** Attacks begun. */
  get attacks(): number {
    return this.#attacks
  }

  /** Events of attacks sent, what the victim did between included. */
  get attackEvents(): number {
    return this.#attackEvents
  }

  /** The days before `now`, in order of time. To be called once, before `until`. */
  history(now: number): readonly SentEvent[] {
    const events: SentEvent[] = []
    for (const life of this.#lives) {
      events.push(...personHistory(life, this.#make, now))
      const open = openSession(life, this.#make, now)
      events.push(...(open?.events ?? []))
      life.begin(now, open?.session ?? null)
    }
    for (const workload of this.#workloads) {
      events.push(...workloadHistory(workload, this.#make, now))
      this.#runWorkload(workload, now)
    }
    this.#after(now, pace.firstAttack, (at) => this.#attack(at))
    return events.sort((a, b) =>
      a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : 0,
    )
  }

  /** What was sent since the last call, up to `now`. */
  until(now: number): readonly SentEvent[] {
    return this.#agenda.until(now)
  }

  /** Tells the platform's app of a decision, which it acts on as an app should. */
  told(decision: Decision, now: number): void {
    const life = this.#livesById.get(decision.subject.id)
    if (life === undefined) return
    const attack = life.held ? this.#under.get(life) : undefined
    life.told(decision, now, attack?.victimAnswers(life) ?? true)
  }

  #after(at: number, delayMs: number, task: (at: number) => readonly SentEvent[]): void {
    this.#agenda.add(at + Math.max(1, Math.round(delayMs / this.#options.speed)), task)
  }

  #runWorkload(workload: Workload, at: number): void {
    this.#after(at, workload.random.around(pace.workload), (t) => {
      this.#runWorkload(workload, t)
      return [this.#make.workloadAction(t, workload, `${workload.id}.run`)]
    })
  }

  /** The next attack in rotation, on whoever was left in peace for longest. */
  #attack(at: number): readonly SentEvent[] {
    const attack = attacks[this.#turn % attacks.length] as Attack
    const candidates = this.#lives.filter(
      (life) => life.session?.where.spot === life.person.home && isAtLaptop(life) && !life.held,
    )
    const open = candidates.filter(attack.fits)
    const since = Math.min(...open.map((life) => life.attackedAt))
    const victims = open.filter((life) => life.attackedAt === since)
    // Where everybody has had a role granted, this attack is left out.
    if (candidates.length > 0) this.#turn += 1
    if (victims.length === 0) {
      this.#after(at, pace.noVictim, (t) => this.#attack(t))
      return []
    }
    const life = this.#random.pick(victims)
    const { session } = life
    if (session === null) return []
    this.#under.set(life, attack)
    const of = { life, session, make: this.#make, random: this.#random }
    const { speed } = this.#options
    this.#attacks += 1
    this.#options.onAttack?.(attack.name, life.person.id, at)
    raid(attack, of, { agenda: this.#agenda, at, speed }, () => {
      this.#attackEvents += 1
    })
    this.#after(at, pace.attack, (t) => this.#attack(t))
    return []
  }
}

const isAtLaptop = ({ session, person }: PersonLife): boolean =>
  session?.where.device === person.laptop
