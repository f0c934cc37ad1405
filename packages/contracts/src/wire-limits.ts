/** What an event may be at most. The reference is generated from these tables. */

/** Characters. A longer text of this kind is cut, as it only describes. */
export const textLimits = {
  source: 256,
  'client.userAgent': 512,
  'location.city': 256,
  'assurance.acr': 256,
  'assurance.amr': 256,
  'action.name': 256,
  'action.resource': 256,
  'action.currency': 256,
  'feedback.verdict': 256,
} as const

/** Characters. A longer id is refused: cutting it could make two ids one. */
export const idLimits = {
  id: 256,
  tenant: 64,
  'subject.id': 256,
  'subject.iss': 256,
  'actor.id': 256,
  sessionId: 256,
  previousSessionId: 256,
  parentSessionId: 256,
  'client.deviceId': 256,
  'client.fingerprint': 256,
  'client.appId': 256,
  'credential.id': 256,
  'credential.boundTo': 256,
  'feedback.decisionId': 256,
  privileges: 256,
} as const

/** Items. A longer list is refused: a chain of delegation has at most three who act (`actor[0..2]`). */
export const listLimits = { actor: 3, 'assurance.amr': 16, privileges: 256 } as const

/** Bytes of one event, as JSON or as Avro. */
export const eventBytesMax = 65_536

/** Levels of objects and lists within an event, itself the first. */
export const eventDepthMax = 16
