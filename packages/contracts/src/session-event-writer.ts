/** Writes the fields of a session event in the order of `schemas/holdpoint-events.avsc`. */
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
import type { AvroWriter } from './avro-writer.ts'
import { rawTopics } from './topics.ts'

export function writeOrigin(w: AvroWriter, origin: Origin | null): void {
  if (!opens(w, origin)) return
  const topic = rawTopics.indexOf(origin.topic)
  w.long(topic)
  w.text(topic < 0 ? origin.topic : '')
  w.long(origin.partition)
  w.long(origin.offset)
}

export function writeEvent(w: AvroWriter, e: SessionEvent): void {
  w.text(e.id)
  w.text(e.source)
  w.long(e.idHash)
  w.long(eventTypes.indexOf(e.type))
  w.text(e.tenant)
  w.long(e.occurredAt)
  w.long(e.receivedAt)
  w.flag(e.clockSuspect)
  w.flag(e.claimedSubject)
  w.text(e.subject.id)
  writeWord(w, subjectKinds, e.subject.kind)
  w.text(e.subject.iss)
  writeActors(w, e.actor)
  w.text(e.sessionId)
  w.text(e.previousSessionId)
  w.text(e.parentSessionId)
  writeKey(w, e.keys.subject)
  writeKey(w, e.keys.session)
  writeKey(w, e.keys.previousSession)
  writeKey(w, e.keys.parentSession)
  writeNetwork(w, e.network)
  writePlace(w, e.place)
  writeClient(w, e.client)
  writeAssurance(w, e.assurance)
  writeWord(w, outcomes, e.outcome)
  writeCredential(w, e.credential)
  if (opens(w, e.posture)) {
    w.flag(e.posture.managed)
    w.flag(e.posture.compliant)
  }
  if (opens(w, e.action)) {
    w.text(e.action.name)
    w.text(e.action.resource)
    writeWord(w, accesses, e.action.access)
    w.long(e.action.amount === null ? 0 : 1)
    if (e.action.amount !== null) w.double(e.action.amount)
    w.text(e.action.currency)
  }
  writeWord(w, initiators, e.initiator)
  if (opens(w, e.feedback)) {
    w.text(e.feedback.decisionId)
    w.text(e.feedback.verdict)
  }
  writeTexts(w, e.privileges)
  if (opens(w, e.facts)) {
    w.long(e.facts.networkFailures)
    w.long(e.facts.networkFailedSubjects)
    w.long(e.facts.networkLogins)
    w.long(e.facts.deviceSubjects)
  }
}

function writeNetwork(w: AvroWriter, network: Network | null): void {
  if (!opens(w, network)) return
  writeWord(w, networkKinds, network.kind)
  w.long(network.asn)
  w.text(network.country)
  w.long(network.address)
  w.long(network.prefix)
  w.long(network.family)
  w.flag(network.trusted)
}

function writePlace(w: AvroWriter, place: Place | null): void {
  if (!opens(w, place)) return
  w.long(Math.round(place.latitude * 100))
  w.long(Math.round(place.longitude * 100))
  w.long(place.radiusKm)
  w.text(place.city)
  w.text(place.country)
  w.long(place.edition)
}

function writeClient(w: AvroWriter, client: Client | null): void {
  if (!opens(w, client)) return
  writeWord(w, clientKinds, client.kind)
  writeWord(w, osFamilies, client.os)
  w.text(client.browser)
  w.long(client.version)
  w.long(client.device)
  w.long(client.fingerprint)
  w.long(client.app)
}

function writeAssurance(w: AvroWriter, assurance: Assurance | null): void {
  if (!opens(w, assurance)) return
  w.text(assurance.acr)
  writeTexts(w, assurance.amr)
  writeOptionalLong(w, assurance.authTime)
}

function writeCredential(w: AvroWriter, credential: Credential | null): void {
  if (!opens(w, credential)) return
  w.long(credential.id)
  writeWord(w, credentialKinds, credential.kind)
  writeWord(w, credentialStatuses, credential.status)
  if (credential.change === null) w.long(-1)
  else writeWord(w, credentialChanges, credential.change)
  writeOptionalLong(w, credential.issuedAt)
  writeOptionalLong(w, credential.expiresAt)
  w.long(credential.boundTo)
}

function writeActors(w: AvroWriter, actors: readonly Actor[]): void {
  if (actors.length > 0) {
    w.long(actors.length)
    for (const actor of actors) {
      w.text(actor.id)
      writeWord(w, subjectKinds, actor.kind)
    }
  }
  w.long(0)
}

export function opens<T extends object>(w: AvroWriter, value: T | null): value is T {
  w.long(value === null ? 0 : 1)
  return value !== null
}

export function writeKey(w: AvroWriter, key: string): void {
  w.long(key === '' ? 0 : 1)
  if (key !== '') w.key(key)
}

function writeOptionalLong(w: AvroWriter, value: number | null): void {
  w.long(value === null ? 0 : 1)
  if (value !== null) w.long(value)
}

export function writeWord(w: AvroWriter, words: readonly string[], word: string): void {
  w.long(Math.max(0, words.indexOf(word)))
}

function writeTexts(w: AvroWriter, texts: readonly string[]): void {
  if (texts.length > 0) {
    w.long(texts.length)
    for (const text of texts) w.text(text)
  }
  w.long(0)
}
