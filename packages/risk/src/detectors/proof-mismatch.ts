/** A token presented with another key than the one it is bound to (RFC 9449 `jkt`, RFC 8705 `x5t#S256`). */
import { defineDetector, type Scene } from '../detector.ts'
import { type Credential, credentialKinds } from '../event.ts'
import { choice, hash, list, record, type ValueOf } from '../fields.ts'

const bindingFields = record({ kind: choice(credentialKinds), boundTo: hash })
/** One key per kind of credential: a certificate and a token of one session may be bound differently. */
const bindingList = list(3, bindingFields)
type Bindings = ValueOf<typeof bindingList>

const sameKind = (a: Credential['kind'], b: Credential['kind']): boolean =>
  a === b || a === 'unknown' || b === 'unknown'

/** The binding that a credential contradicts: of its kind, and none of its kind has its key. */
function contradicted(bindings: Bindings, credential: Credential) {
  const comparable = bindings.filter((b) => sameKind(b.kind, credential.kind))
  return comparable.some((b) => b.boundTo === credential.boundTo) ? undefined : comparable[0]
}

/**
 * Where a new key is no surprise: the credential's owner declares it (CAEP credential-change
 * `update`), or an authentication continues the session under a new id, with a new token.
 */
function isRotation({ event }: Scene): boolean {
  if (event.type === 'credential-change') {
    const happened = event.outcome !== 'failure' && event.outcome !== 'attempted'
    return happened && event.credential?.change === 'update'
  }
  const authenticates = event.type === 'login' || event.type === 'reauthentication'
  return authenticates && event.outcome === 'success' && event.previousSessionId !== ''
}

export const proofMismatch = defineDetector({
  name: 'proof-mismatch',
  version: 1,
  family: 'token',
  reasons: {
    PROOF_MISMATCH:
      "The session's credential is bound to another key than before, and nobody declared a rotation.",
  },
  about: {
    sees: 'The key that a credential is bound to (`boundTo`, one per kind of credential) against the first one of the session.',
    misses: [
      'Bearer tokens, which are bound to nothing.',
      'A thief who holds the key as well, or who acts before the first bound event.',
    ],
    mistakes: [
      'A key that was rotated without a `credential-change` of kind `update` or a new session id: declare it.',
    ],
  },
  params: { score: 1000 },
  needs: [],
  memory: { session: { bindings: bindingList }, profile: {} },
  detect(scene, { session: { bindings } }, params) {
    const credential = scene.event.credential
    if (credential === null || credential.boundTo === 0 || isRotation(scene)) return null
    if (contradicted(bindings, credential) === undefined) return null
    return {
      reason: 'PROOF_MISMATCH',
      score: params.score,
      halfLifeMs: 0,
      message: `The ${credential.kind === 'unknown' ? 'credential' : credential.kind} is bound to another key than before`,
      evidence: { credentialKind: credential.kind, event: scene.event.type },
    }
  },
  remember(scene, memory) {
    const { bindings } = memory.session
    const credential = scene.event.credential
    if (credential === null || credential.boundTo === 0) return memory
    const before = contradicted(bindings, credential)
    if (before === undefined) {
      if (bindings.some((b) => sameKind(b.kind, credential.kind))) return memory
      const first = { kind: credential.kind, boundTo: credential.boundTo }
      return { ...memory, session: { bindings: [...bindings, first].slice(-bindingList.max) } }
    }
    if (!isRotation(scene)) return memory
    const turned = bindings.map((b) => (b === before ? { ...b, boundTo: credential.boundTo } : b))
    return { ...memory, session: { bindings: turned } }
  },
})
