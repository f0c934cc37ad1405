/** Wire events of the simulated platform, in the JSON form that any producer sends. */
import type { Device, Person, Spot, Workload } from './people.ts'

/** A wire event as it is sent. Only what the simulation itself reads is typed. */
export interface SentEvent {
  readonly id: string
  readonly type: string
  readonly occurredAt: string
  readonly [field: string]: unknown
}

export interface Where {
  readonly spot: Spot
  readonly device: Pick<Device, 'userAgent'> & Partial<Device>
}

export type Method = 'password' | 'passkey'

const assurances = {
  password: { acr: 'aal2', amr: ['pwd', 'otp'] },
  passkey: { acr: 'phr', amr: ['hwk', 'user'] },
} as const

const source = 'simulation'

/** Makes events whose ids are unique within one simulation and the same each time it is told. */
export class EventMaker {
  readonly #prefix: string
  #count = 0

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  login(at: number, person: Person, sessionId: string, where: Where, method: Method): SentEvent {
    const assurance = assurances[method]
    return this.#human('login', at, person, sessionId, where, { assurance })
  }

  /** A step-up's answer; with another session's id it takes over from it. */
  reauthentication(
    at: number,
    person: Person,
    sessions: { readonly sessionId: string; readonly previousSessionId?: string },
    where: Where,
    method: Method,
  ): SentEvent {
    const { sessionId, previousSessionId } = sessions
    const more = {
      assurance: assurances[method],
      ...(previousSessionId ? { previousSessionId } : {}),
    }
    return this.#human('reauthentication', at, person, sessionId, where, more)
  }

  action(
    at: number,
    person: Person,
    sessionId: string,
    where: Where,
    action: Readonly<Record<string, unknown>>,
  ): SentEvent {
    return this.#human('action', at, person, sessionId, where, { action })
  }

  logout(at: number, person: Person, sessionId: string, where: Where): SentEvent {
    return this.#human('logout', at, person, sessionId, where, {})
  }

  /** Somebody else grants privileges: it belongs to no session of the subject. */
  grant(at: number, person: Person, privilege: string): SentEvent {
    return {
      ...this.#base('privilege-change', at, { id: person.id, kind: 'human' }),
      initiator: 'admin',
      privileges: [privilege],
    }
  }

  workloadAction(at: number, workload: Workload, name: string): SentEvent {
    return {
      ...this.#base('action', at, { id: workload.id, kind: 'workload' }),
      sessionId: `${workload.id}-${workload.credentialId}`,
      ...seenFrom({ spot: workload.spot, device: { userAgent: 'Go-http-client/2.0' } }),
      credential: { id: workload.credentialId, kind: 'api-key', status: 'active' },
      action: { name, access: 'write' },
    }
  }

  #human(
    type: string,
    at: number,
    person: Person,
    sessionId: string,
    where: Where,
    more: Readonly<Record<string, unknown>>,
  ): SentEvent {
    const subject = { id: person.id, kind: 'human' }
    return { ...this.#base(type, at, subject), sessionId, ...seenFrom(where), ...more }
  }

  #base(type: string, at: number, subject: Readonly<Record<string, string>>): SentEvent {
    this.#count += 1
    const id = `${this.#prefix}-${this.#count}`
    return { id, type, source, occurredAt: new Date(at).toISOString(), subject }
  }
}

function seenFrom({ spot, device }: Where): Readonly<Record<string, unknown>> {
  const { name, country, latitude, longitude } = spot.city
  const { userAgent, deviceId, fingerprint } = device
  return {
    client: {
      ip: spot.ip,
      ipTrust: 'socket',
      userAgent,
      appId: 'web',
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
    },
    network: { kind: spot.kind, asn: spot.asn },
    location: { latitude, longitude, radiusKm: 20, city: name, country },
  }
}
