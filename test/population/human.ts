/** What an honest person does in an app: logs in, acts, answers what it is asked, tries again. */
import type { Person } from './people.ts'
import { home } from './people.ts'
import type { Spot } from './places.ts'
import { LiveSession, labelOf } from './session.ts'
import { minuteMs, type Script, type Stage, secondMs } from './stage.ts'
import { assurances, type Device, type Method, reaches, seenFrom, type Where } from './wire.ts'

export interface Deed {
  readonly name: string
  readonly access?: string
  readonly amount?: number
  readonly currency?: string
  /** True where the policy asks more than a session for it. */
  readonly sensitive?: boolean
}

/** A script that ends with the session to go on in. */
export type InSession = Generator<number, LiveSession, void>

/** Answers in vain before a person gives up and logs in anew. */
const answersMax = 2
/** Share of phone events that wait in the phone until it has a network. */
const lateShare = 0.01
/** Share of events that a producer sends twice. */
const repeatedShare = 0.005

export class Human {
  readonly person: Person
  readonly stage: Stage
  laptop: LiveSession | null = null
  phone: LiveSession | null = null
  /** The sign-on session of the day, where the company has such. */
  signOn: LiveSession | null = null
  /** Where the person is, phone in the pocket, when not about home: a hotel, or nowhere on the net. */
  away: Spot | 'on the way' | null = null
  /** True from the moment that somebody attacks this person. */
  isVictim = false
  #sessions = 0

  constructor(person: Person, stage: Stage) {
    this.person = person
    this.stage = stage
  }

  get hour(): number {
    return Math.floor(this.stage.now / 3_600_000) + this.person.utcOffset
  }

  play(script: Script, afterMs = 0): void {
    this.stage.play(script, afterMs)
  }

  /** A session that an authentication has just begun; its login is not sent yet. */
  open(where: Where, producer = this.person.company): LiveSession {
    const { id, random } = this.person
    this.#sessions += 1
    const session = new LiveSession(
      this.stage,
      {
        id: `${id}-s${this.#sessions}`,
        subject: { id, kind: 'human' },
        producer,
        random,
        ...(this.signOn === null || this.signOn.over ? {} : { parentSessionId: this.signOn.id }),
      },
      where,
    )
    if (this.isVictim) session.traits.add('victim-elsewhere')
    return session
  }

  *logIn(
    where: Where,
    traits: readonly string[] = [],
    method: Method = this.usualMethod(),
    typos = 0,
  ): InSession {
    yield* this.mistype(where, typos)
    const session = this.open(where)
    for (const trait of traits) session.traits.add(trait)
    if (typos > 0) session.traits.add('typos')
    session.send('login', where, { assurance: assurances[method] })
    yield secondMs
    if (session.blocks(false)) return yield* this.answer(session, where)
    return session
  }

  /** Logins that fail: they belong to no session. */
  *mistype(where: Where, times: number): Script {
    const { id, company, random } = this.person
    for (let n = 0; n < times; n += 1) {
      this.stage.send(
        {
          id: this.stage.nextId(),
          type: 'login',
          source: company.name,
          occurredAt: new Date(this.stage.now).toISOString(),
          subject: { id, kind: 'human' },
          ...seenFrom(where, company, false),
          outcome: 'failure',
          label: labelOf(new Set(['typos']), undefined),
        },
        100,
      )
      yield 8 * secondMs + random.below(20 * secondMs)
    }
  }

  usualMethod(): Method {
    const { company, hasPasskey } = this.person
    return company.login === 'passkey' && !hasPasskey ? 'code' : company.login
  }

  /** Does something, and whatever it takes to be let. Ends with the session to go on in. */
  *act(session: LiveSession, where: Where, { sensitive = false, ...action }: Deed): InSession {
    let now = session
    if (now.blocks(sensitive)) now = yield* this.answer(now, where)
    this.#report(now, where, action)
    yield secondMs
    if (!now.blocks(sensitive)) return now
    now = yield* this.answer(now, where)
    if (sensitive && !now.blocks(true)) {
      this.#report(now, where, action)
      yield secondMs
    }
    return now
  }

  #report(session: LiveSession, where: Where, action: Omit<Deed, 'sensitive'>): void {
    const { random } = this.person
    if (where.device === this.person.phone && random.chance(lateShare)) {
      this.#reportLate(session, where, action, (2 + random.below(38)) * minuteMs)
      return
    }
    const event = session.send('action', where, { action })
    if (!random.chance(repeatedShare)) return
    session.traits.add('repeated')
    const again = { ...event, label: labelOf(session.traits, undefined) }
    this.stage.send(again, secondMs + random.below(20 * minuteMs))
  }

  /** What a phone did without a network comes with the next one, and under the time at which it was done. */
  #reportLate(
    session: LiveSession,
    where: Where,
    action: Omit<Deed, 'sensitive'>,
    lateMs: number,
  ): void {
    session.traits.add('late')
    const send = function* (): Script {
      yield lateMs
      if (!session.over) session.send('action', where, { action }, { agoMs: lateMs })
    }
    this.play(send())
  }

  /** Answers the step-up from where the person is; one who cannot, or not to any avail, logs in anew. */
  *answer(session: LiveSession, where: Where): InSession {
    const { random } = this.person
    let now = session
    for (let tries = 0; tries < answersMax && !now.over && now.stepUp !== null; tries += 1) {
      const { acrValues, rotate } = now.stepUp
      const method = (['code', 'passkey'] as const).find(
        (m) => reaches(m, acrValues) && (m !== 'passkey' || this.person.hasPasskey),
      )
      if (method === undefined) {
        now.traits.add('cannot-answer')
        break
      }
      if (tries > 0) now.traits.add('answered-in-vain')
      yield 20 * secondMs + random.below(70 * secondMs)
      if (now.over) break
      now = this.#reauthenticate(now, where, method, rotate)
      yield secondMs
    }
    if (!now.over && now.stepUp === null) return now
    if (!now.over) this.logOut(now, where)
    yield 30 * secondMs + random.below(60 * secondMs)
    const fresh = yield* this.logInOnce(where, [...now.traits].filter(isLasting))
    return fresh
  }

  /** As `logIn`, and whatever comes of it is left for the next deed. */
  *logInOnce(where: Where, traits: readonly string[]): InSession {
    const session = this.open(where)
    for (const trait of traits) session.traits.add(trait)
    session.send('login', where, { assurance: assurances[this.strongMethod()] })
    yield secondMs
    return session
  }

  strongMethod(): Method {
    return this.person.hasPasskey ? 'passkey' : 'code'
  }

  #reauthenticate(
    session: LiveSession,
    where: Where,
    method: Method,
    rotate: boolean,
  ): LiveSession {
    const assurance = assurances[method]
    if (!rotate) {
      session.send('reauthentication', where, { assurance })
      session.authenticatedAt = this.stage.now
      return session
    }
    const next = this.open(where)
    for (const trait of session.traits) next.traits.add(trait)
    next.send('reauthentication', where, { assurance, previousSessionId: session.id })
    session.over = true
    this.#replace(session, next)
    return next
  }

  /** The session's place is taken by the one that came of it. */
  #replace(session: LiveSession, next: LiveSession): void {
    if (this.laptop === session) this.laptop = next
    if (this.phone === session) this.phone = next
  }

  logOut(session: LiveSession, where: Where): void {
    if (!session.over) session.send('logout', where, {})
    session.close()
  }

  at(spot: Spot, device: Device): Where {
    return { spot, device }
  }

  atHome(device: Device): Where {
    return { spot: home(this.person), device }
  }
}

/** Traits of the person's ways, which the next session has as well. */
const isLasting = (trait: string): boolean => !['typos', 'late', 'repeated'].includes(trait)
