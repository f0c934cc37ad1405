/**
 * A credential past its time: expired, older than it may get, or one whose revocation nobody could check.
 *
 * A finding is made once of each credential in a session, and once more when it gets worse. It stays until a
 * proof, a rotation or the end clears it; were it made at each use, the use after a proof would undo the proof.
 */
import { defineDetector, type Scene } from '../detector.ts'
import { authenticatorKinds, type Credential, type EventType } from '../event.ts'
import { hash, list, record, uint, type ValueOf } from '../fields.ts'
import { agoText, credentialName } from './describe.ts'

/** What was found of the latest credentials; id 0 is the one without an id. */
const foundList = list(3, record({ credential: hash, score: uint }))
type Found = ValueOf<typeof foundList>

interface Params {
  readonly scoreOld: number
  readonly scoreUnchecked: number
  readonly scoreExpired: number
  readonly ageMsMax: number
  readonly leewayMs: number
}

interface Fault {
  readonly score: number
  readonly message: string
  readonly evidence: Readonly<Record<string, string | number>>
}

const dayMs = 86_400_000

const uses: readonly EventType[] = ['login', 'reauthentication', 'action', 'device', 'ip']

/** A refused use shows that the credential's end is enforced. */
const isUsed = ({ type, outcome }: Scene['event']): boolean =>
  uses.includes(type) && outcome !== 'failure'

/**
 * What people authenticate with does not spoil with age (NIST SP 800-63B section 5.1.1.2 asks for no
 * change of passwords by the calendar), so a person's credential of unknown kind is not judged by it.
 */
const ages = (kind: Credential['kind'], { kind: acting }: Scene): boolean =>
  kind === 'unknown' ? acting !== 'human' : !authenticatorKinds.includes(kind)

/** The worst of what is wrong with the credential that the event uses, null where nothing is. */
function faultOf(scene: Scene, params: Params): Fault | null {
  const { event } = scene
  const credential = event.credential
  if (credential === null || !isUsed(event)) return null
  const { kind, status, issuedAt, expiresAt } = credential
  const name = credentialName(kind)
  const fault = (score: number, message: string, evidence: Fault['evidence']): Fault => ({
    score,
    message: `The ${name} in use ${message}`,
    evidence: { credential: name, status, ...evidence },
  })
  if (status === 'revoked') return fault(params.scoreExpired, 'has been revoked', {})
  const sinceEnd = expiresAt === null ? 0 : event.occurredAt - expiresAt
  if (sinceEnd > params.leewayMs) {
    return fault(params.scoreExpired, `expired ${agoText(sinceEnd)} ago`, {
      minutesSinceExpiry: Math.floor(sinceEnd / 60_000),
    })
  }
  const age = issuedAt === null ? 0 : event.occurredAt - issuedAt
  const old: Fault | null =
    age > params.ageMsMax && ages(kind, scene)
      ? fault(params.scoreOld, `was issued ${agoText(age)} ago`, {
          ageDays: Math.floor(age / dayMs),
          ageDaysMax: Math.floor(params.ageMsMax / dayMs),
        })
      : null
  if (status !== 'unknown' || (old?.score ?? 0) >= params.scoreUnchecked) return old
  return fault(params.scoreUnchecked, 'could not be checked for revocation', {})
}

const idOf = ({ event }: Scene): number => event.credential?.id ?? 0

/** What is wrong and was not found before, or not as bad. */
function newFault(scene: Scene, found: Found, params: Params): Fault | null {
  const fault = faultOf(scene, params)
  const known = found.find((f) => f.credential === idOf(scene))
  return fault !== null && fault.score > (known?.score ?? 0) ? fault : null
}

export const staleCredential = defineDetector({
  name: 'stale-credential',
  version: 1,
  family: 'credential',
  reasons: {
    STALE_CREDENTIAL:
      'The credential in use is older than its kind may get, or could not be checked for revocation, or has expired or been revoked.',
  },
  about: {
    sees: 'Age, end and revocation of the credential that an event uses, once of each credential in a session, and again when it gets worse.',
    misses: [
      'Producers that tell neither `issuedAt` nor `expiresAt`.',
      'A stolen credential that is young.',
    ],
    mistakes: [
      'Long-lived keys of workloads that are as old by intent: rotate them, or tune the age.',
      'A revocation list that is away: the status is then `unknown`.',
    ],
  },
  params: {
    scoreOld: 300,
    scoreUnchecked: 300,
    scoreExpired: 600,
    ageMsMax: 90 * dayMs,
    // For clocks that differ (RFC 7519 section 4.1.4: no more than a few minutes).
    leewayMs: 2 * 60_000,
  },
  needs: ['credential-life'],
  memory: { session: { found: foundList }, profile: {} },
  detect(scene, { session: { found } }, params) {
    const fault = newFault(scene, found, params)
    return fault && { reason: 'STALE_CREDENTIAL', halfLifeMs: 0, ...fault }
  },
  remember(scene, memory, params) {
    const { found } = memory.session
    const fault = newFault(scene, found, params)
    if (fault === null) return memory
    const credential = idOf(scene)
    const others = found.filter((f) => f.credential !== credential)
    const kept = [...others, { credential, score: fault.score }].slice(-foundList.max)
    return { ...memory, session: { found: kept } }
  },
})
