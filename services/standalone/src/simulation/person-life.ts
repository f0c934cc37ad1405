/**
 * An honest person's day: logs in, works, switches networks as people do, proves itself before it
 * pays, answers prompts, logs out, comes back.
 */
import type { Decision } from '@holdpoint/risk'
import type { Agenda } from './agenda.ts'
import type { EventMaker, SentEvent, Where } from './events.ts'
import type { Person } from './people.ts'

export interface LiveSession {
  readonly id: string
  readonly where: Where
  /** When the person last authenticated, ms. */
  readonly authenticatedAt: number
}

/** How long things take at speed 1, ms. */
const pace = { action: 25_000, away: 60_000, answer: 5_000, held: 45_000 } as const
/** Before this long after an authentication the person pays without proving itself again. */
const freshMs = 9 * 60_000

const routineActions = [
  { name: 'orders.list', access: 'read' },
  { name: 'orders.view', access: 'read' },
  { name: 'documents.read', access: 'read' },
  { name: 'tickets.update', access: 'write' },
  { name: 'messages.send', access: 'write' },
]
const adminActions = [{ name: 'admin.users.list' }, { name: 'customers.export' }]

export class PersonLife {
  readonly person: Person
  session: LiveSession | null = null
  /** True where privileges were granted to this person before. */
  promoted: boolean
  /** When a thief last came, ms. */
  attackedAt = Number.NEGATIVE_INFINITY
  readonly #agenda: Agenda
  readonly #make: EventMaker
  readonly #speed: number
  #sessions = 0
  /** What was planned under an older plan is not done any more. */
  #plan = 0
  #held = false

  constructor(person: Person, agenda: Agenda, make: EventMaker, speed: number) {
    this.person = person
    this.promoted = person.isAdmin
    this.#agenda = agenda
    this.#make = make
    this.#speed = speed
  }

  get held(): boolean {
    return this.#held
  }

  newSessionId(): string {
    this.#sessions += 1
    return `${this.person.id}-s${this.#sessions}`
  }

  /** Goes on living from `at`, in the session that is given or after a while away. */
  begin(at: number, session: LiveSession | null): void {
    this.session = session
    const { random } = this.person
    if (session === null) this.#after(at, random.around(pace.away), (t) => this.#logIn(t))
    else this.#after(at, random.around(pace.action), (t) => this.#work(t))
  }

  /** Stops for a while, since what happens next is part of an attack; goes on by itself at the latest after `pace.held`. */
  hold(at: number): void {
    this.#plan += 1
    this.#held = true
    this.attackedAt = at
    this.#after(at, pace.held, (t) => this.#goOn(t))
  }

  /** What the app was told of this person's session, and what the person does about it. */
  told(decision: Decision, at: number, answers: boolean): void {
    if (this.session === null || decision.sessionId !== this.session.id) return
    if (decision.type === 'session.revoked') {
      this.session = null
      this.#plan += 1
      this.#after(at, pace.answer, (t) => this.#logIn(t))
    } else if (decision.type === 'session.stepup.required' && answers) {
      this.#plan += 1
      const rotate = decision.stepUp?.rotate === true
      const action = rotate ? null : decision.action
      this.#after(at, pace.answer, (t) => this.#answer(t, rotate, action))
    }
  }

  #after(at: number, delayMs: number, task: (at: number) => readonly SentEvent[]): void {
    const plan = this.#plan
    const due = at + Math.max(1, Math.round(delayMs / this.#speed))
    this.#agenda.add(due, (t) => (plan === this.#plan ? task(t) : []))
  }

  #goOn(at: number): readonly SentEvent[] {
    this.#held = false
    this.begin(at, this.session)
    return []
  }

  #logIn(at: number): readonly SentEvent[] {
    this.#held = false
    const { random } = this.person
    const session = { id: this.newSessionId(), where: this.#somewhere(), authenticatedAt: at }
    const method = random.chance(0.3) ? 'passkey' : 'password'
    this.begin(at, session)
    return [this.#make.login(at, this.person, session.id, session.where, method)]
  }

  #somewhere(): Where {
    const { home, office, carrier, laptop, phone, random } = this.person
    if (random.chance(0.7)) return { spot: random.chance(0.75) ? home : office, device: laptop }
    return { spot: random.chance(0.5) ? home : carrier, device: phone }
  }

  #work(at: number): readonly SentEvent[] {
    const { person, session } = this
    if (session === null) return []
    const { random } = person
    if (random.chance(0.06)) {
      this.begin(at, null)
      return [this.#make.logout(at, person, session.id, session.where)]
    }
    const where = this.#moved(session.where)
    const events: SentEvent[] = []
    let { authenticatedAt } = session
    const action = this.#chooseAction()
    if (action.fresh && at - authenticatedAt > freshMs) {
      events.push(
        this.#make.reauthentication(at, person, { sessionId: session.id }, where, 'password'),
      )
      authenticatedAt = at
    }
    events.push(this.#make.action(at, person, session.id, where, action.action))
    this.begin(at, { ...session, where, authenticatedAt })
    return events
  }

  /** A phone goes from wifi to its carrier and back; a browser is upgraded; a laptop stays where it is. */
  #moved(where: Where): Where {
    const { home, carrier, laptop, phone, random } = this.person
    if (where.device === phone) {
      return random.chance(0.15) ? { ...where, spot: where.spot === home ? carrier : home } : where
    }
    if (random.chance(0.01)) {
      laptop.version += 1
      laptop.userAgent = laptop.model.userAgent(laptop.version)
    }
    return where
  }

  #chooseAction(): { readonly action: Readonly<Record<string, unknown>>; readonly fresh: boolean } {
    const { random, isAdmin } = this.person
    if (random.chance(0.05)) {
      const amount = 20 + random.below(3_000)
      return {
        action: { name: 'payments.create', amount, currency: 'EUR' },
        fresh: amount >= 1_000,
      }
    }
    if (isAdmin && random.chance(0.2)) return { action: random.pick(adminActions), fresh: false }
    return { action: random.pick(routineActions), fresh: false }
  }

  /** Proves itself with a passkey from where it always was; where asked to, under a new session id. */
  #answer(
    at: number,
    rotate: boolean,
    action: { readonly name: string } | null,
  ): readonly SentEvent[] {
    this.#held = false
    const { person, session } = this
    if (session === null) return []
    const id = rotate ? this.newSessionId() : session.id
    const sessions = rotate ? { sessionId: id, previousSessionId: session.id } : { sessionId: id }
    this.begin(at, { ...session, id, authenticatedAt: at })
    const proof = this.#make.reauthentication(at, person, sessions, session.where, 'passkey')
    if (action === null) return [proof]
    return [proof, this.#make.action(at, person, id, session.where, action)]
  }
}
