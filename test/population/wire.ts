/** Wire events as producers send them, each with what it is known to be. */
import type { SubjectKind } from '@holdpoint/risk'
import type { Label } from '@holdpoint/standalone'
import type { Spot } from './places.ts'

/** An event in the JSON form, with its label. */
export interface WireEvent {
  readonly id: string
  readonly type: string
  readonly occurredAt: string
  readonly receivedAt?: string
  readonly label?: Partial<Label>
  readonly [field: string]: unknown
}

export interface Device {
  readonly id: string
  print: string
  userAgent: string
}

export interface Where {
  readonly spot: Spot
  readonly device: Device
}

/** How an organisation's producer tells what it knows. */
export interface Producer {
  readonly name: string
  /** False where kinds of networks are left to the receiver's lists of systems. */
  readonly statesKinds: boolean
  readonly statesDevices: boolean
  readonly statesPrints: boolean
  /** Share of events that leave the place out. */
  readonly placeless: number
}

export interface Named {
  readonly id: string
  readonly kind: SubjectKind
}

/** What an event says of network, place and client. */
export function seenFrom(
  { spot, device }: Where,
  producer: Producer,
  placeless: boolean,
): Readonly<Record<string, unknown>> {
  const { place, traits: _, ...rest } = spot
  return {
    client: {
      ip: rest.ip,
      ipTrust: 'socket',
      userAgent: device.userAgent,
      appId: producer.name,
      ...(producer.statesDevices && device.id !== '' ? { deviceId: device.id } : {}),
      ...(producer.statesPrints && device.print !== '' ? { fingerprint: device.print } : {}),
    },
    network: { asn: rest.asn, ...(producer.statesKinds ? { kind: rest.kind } : {}) },
    ...(place === null || placeless ? {} : { location: place }),
  }
}

export interface Assurance {
  readonly acr: string
  readonly amr: readonly string[]
}

export const assurances = {
  password: { acr: 'aal1', amr: ['pwd'] },
  code: { acr: 'aal2', amr: ['pwd', 'otp'] },
  push: { acr: 'aal2', amr: ['pwd', 'swk'] },
  passkey: { acr: 'phr', amr: ['hwk', 'user'] },
} as const satisfies Record<string, Assurance>

export type Method = keyof typeof assurances

/** Ranks of `acr_values` in the shipped policy. */
const ranks: Readonly<Record<string, number>> = { aal1: 1, aal2: 2, phr: 3 }

/** Whether a method is at least what is asked for. */
export const reaches = (method: Method, acrValues: readonly string[]): boolean =>
  acrValues.length === 0 ||
  acrValues.some((acr) => (ranks[assurances[method].acr] ?? 0) >= (ranks[acr] ?? 9))
