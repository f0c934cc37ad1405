/** Reads what `session-event-writer.ts` writes, field by field in the same order. */
import {
  type Actor,
  type Assurance,
  accesses,
  type Client,
  type Credential,
  clientKinds,
  credentialChanges,
  credentialKinds,
  credentialStatuses,
  eventTypes,
  type Facts,
  initiators,
  type Network,
  networkKinds,
  type Origin,
  osFamilies,
  outcomes,
  type Place,
  type SessionEvent,
  subjectKinds,
} from '@holdpoint/risk'
import type { AvroReader } from './avro-reader.ts'
import { CodecError } from './errors.ts'
import { rawTopics } from './topics.ts'

export function readOrigin(r: AvroReader): Origin {
  const known = rawTopics[r.long()]
  const other = r.word()
  return { topic: known ?? other, partition: r.long(), offset: r.long() }
}

export function readEvent(r: AvroReader): SessionEvent {
  const id = r.text()
  const source = r.word()
  const idHash = r.long()
  const type = eventTypes[r.long()]
  if (type === undefined) {
    throw new CodecError(
      'schema_unsupported',
      'the event type is of a newer release: upgrade this one',
    )
  }
  const tenant = r.word()
  const occurredAt = r.long()
  const receivedAt = r.long()
  const clockSuspect = r.flag()
  const claimedSubject = r.flag()
  const subject = { id: r.text(), kind: readWord(r, subjectKinds), iss: r.word() }
  const actor = readActors(r)
  const sessionId = r.text()
  const previousSessionId = r.text()
  const parentSessionId = r.text()
  const keys = {
    subject: readKey(r),
    session: readKey(r),
    previousSession: readKey(r),
    parentSession: readKey(r),
  }
  return {
    id,
    source,
    idHash,
    type,
    tenant,
    occurredAt,
    receivedAt,
    clockSuspect,
    subject,
    actor,
    sessionId,
    previousSessionId,
    parentSessionId,
    keys,
    network: r.some() ? readNetwork(r) : null,
    place: r.some() ? readPlace(r) : null,
    client: r.some() ? readClient(r) : null,
    assurance: r.some() ? readAssurance(r) : null,
    outcome: readWord(r, outcomes),
    credential: r.some() ? readCredential(r) : null,
    posture: r.some() ? { managed: r.flag(), compliant: r.flag() } : null,
    action: r.some()
      ? {
          name: r.word(),
          resource: r.text(),
          access: readWord(r, accesses),
          amount: r.some() ? r.double() : null,
          currency: r.word(),
        }
      : null,
    initiator: readWord(r, initiators),
    feedback: r.some() ? { decisionId: r.text(), verdict: r.text() } : null,
    privileges: readTexts(r),
    claimedSubject,
    facts: r.some() ? readFacts(r) : null,
  }
}

function readNetwork(r: AvroReader): Network {
  return {
    kind: readWord(r, networkKinds),
    asn: r.long(),
    country: r.word(),
    address: r.long(),
    prefix: r.long(),
    family: r.long() as Network['family'],
    trusted: r.flag(),
  }
}

function readPlace(r: AvroReader): Place {
  return {
    latitude: r.long() / 100,
    longitude: r.long() / 100,
    radiusKm: r.long(),
    city: r.word(),
    country: r.word(),
    edition: r.long(),
  }
}

function readClient(r: AvroReader): Client {
  return {
    kind: readWord(r, clientKinds),
    os: readWord(r, osFamilies),
    browser: r.word(),
    version: r.long(),
    device: r.long(),
    fingerprint: r.long(),
    app: r.long(),
  }
}

function readAssurance(r: AvroReader): Assurance {
  return { acr: r.word(), amr: readTexts(r), authTime: readOptionalLong(r) }
}

function readCredential(r: AvroReader): Credential {
  return {
    id: r.long(),
    kind: readWord(r, credentialKinds),
    status: readWord(r, credentialStatuses),
    change: readChange(r.long()),
    issuedAt: readOptionalLong(r),
    expiresAt: readOptionalLong(r),
    boundTo: r.long(),
  }
}

function readFacts(r: AvroReader): Facts {
  return {
    networkFailures: r.long(),
    networkFailedSubjects: r.long(),
    networkLogins: r.long(),
    deviceSubjects: r.long(),
  }
}

const readChange = (index: number): Credential['change'] =>
  index < 0 ? null : (credentialChanges[index] ?? credentialChanges[0])

function readActors(r: AvroReader): readonly Actor[] {
  let items = r.block()
  if (items === 0) return none
  const actors: Actor[] = []
  for (; items > 0; items = r.block()) {
    for (let i = 0; i < items; i += 1)
      actors.push({ id: r.text(), kind: readWord(r, subjectKinds) })
  }
  return actors
}

export const readKey = (r: AvroReader): string => (r.some() ? r.key() : '')

const readOptionalLong = (r: AvroReader): number | null => (r.some() ? r.long() : null)

export const readWord = <W extends string>(r: AvroReader, words: readonly [W, ...W[]]): W =>
  words[r.long()] ?? words[0]

const none: readonly never[] = Object.freeze([])

function readTexts(r: AvroReader): readonly string[] {
  let items = r.block()
  if (items === 0) return none
  const texts: string[] = []
  for (; items > 0; items = r.block()) {
    for (let i = 0; i < items; i += 1) texts.push(r.word())
  }
  return texts
}
