/** Runs the registry over a scene: what each detector finds, and what it keeps. */
import type { Detector, DetectorMemory, Need, Scene } from './detector.ts'
import type { Credential } from './event.ts'
import { emptyOf, type Field } from './fields.ts'
import type { Policy } from './policy.ts'
import type { Signal } from './signal.ts'
import type { Memories } from './state.ts'

type AnyMemory = DetectorMemory<Record<string, Field>, Record<string, Field>>

/** A detector made ready for a policy: what can be known of it before any event. */
interface Ready {
  readonly detector: Detector
  readonly params: Detector['params']
  /** Its memory before it has kept anything. */
  readonly blank: AnyMemory
  readonly remembers: boolean
  /** Where its memory is: half of them keep nothing in one of the two, and each look costs. */
  readonly inSession: boolean
  readonly inProfile: boolean
}

const readied = new WeakMap<Policy, WeakMap<readonly Detector[], readonly Ready[]>>()

function readyFor(policy: Policy, detectors: readonly Detector[]): readonly Ready[] {
  let byRegistry = readied.get(policy)
  if (byRegistry === undefined) {
    byRegistry = new WeakMap()
    readied.set(policy, byRegistry)
  }
  let ready = byRegistry.get(detectors)
  if (ready === undefined) {
    ready = detectors.map((detector) => makeReady(detector, policy))
    byRegistry.set(detectors, ready)
  }
  return ready
}

function makeReady(detector: Detector, policy: Policy): Ready {
  const of = (fields: Readonly<Record<string, Field>>) =>
    emptyOf({ kind: 'record', fields }) as AnyMemory['session']
  const { session, profile } = detector.memory
  const inSession = Object.keys(session).length > 0
  const inProfile = Object.keys(profile).length > 0
  return {
    detector,
    params: { ...detector.params, ...policy.detectors[detector.name] },
    blank: { session: of(session), profile: of(profile) },
    remembers: inSession || inProfile,
    inSession,
    inProfile,
  }
}

function memoryOf(ready: Ready, { session, profile }: Scene): AnyMemory {
  const { detector, blank } = ready
  const inSession = ready.inSession ? session.memory[detector.name] : undefined
  const inProfile = ready.inProfile ? profile.memory[detector.name] : undefined
  if (inSession === undefined && inProfile === undefined) return blank
  return {
    session: (inSession as AnyMemory['session'] | undefined) ?? blank.session,
    profile: (inProfile as AnyMemory['profile'] | undefined) ?? blank.profile,
  }
}

const lacks: Readonly<Record<Need, (scene: Scene) => boolean>> = {
  network: (scene) => scene.context.network === null,
  place: (scene) => scene.context.place === null,
  client: (scene) => scene.context.client === null,
  context: ({ context }) => context.network === null && context.client === null,
  base: (scene) => scene.base === null,
  history: (scene) => !scene.hasHistory,
  'credential-life': ({ event }) => event.credential === null || !tellsLife(event.credential),
  posture: (scene) => scene.event.posture === null,
  parent: ({ parent, approver, session }) =>
    parent === null && approver === null && session.approvedAt === 0,
}

/** That a credential is active is what is taken for granted: it tells nothing of how long it may live. */
const tellsLife = ({ status, issuedAt, expiresAt }: Credential): boolean =>
  issuedAt !== null || expiresAt !== null || status === 'unknown' || status === 'revoked'

function isBlind(detector: Detector, scene: Scene): boolean {
  for (const need of detector.needs) if (lacks[need](scene)) return true
  return false
}

/** What the detectors find in a scene, and which of them were blind: an input was missing. */
export function detectAll(
  detectors: readonly Detector[],
  scene: Scene,
  policy: Policy,
): { readonly signals: readonly Signal[]; readonly blind: readonly string[] } {
  const signals: Signal[] = []
  const blind: string[] = []
  for (const ready of readyFor(policy, detectors)) {
    const { detector } = ready
    if (isBlind(detector, scene)) {
      blind.push(detector.name)
      continue
    }
    const finding = detector.detect(scene, memoryOf(ready, scene), ready.params)
    if (finding === null) continue
    signals.push({
      detector: detector.name,
      family: detector.family,
      reason: finding.reason,
      score: finding.score,
      halfLifeMs: finding.halfLifeMs,
      context: finding.context ?? scene.context.id,
      message: finding.message,
      evidence: finding.evidence,
    })
  }
  return { signals, blind }
}

/** The memories that the detectors keep of a scene: the very objects that it has where nothing changed. */
export function rememberAll(
  detectors: readonly Detector[],
  scene: Scene,
  policy: Policy,
): { readonly session: Memories; readonly profile: Memories } {
  let session = scene.session.memory
  let profile = scene.profile.memory
  for (const ready of readyFor(policy, detectors)) {
    if (!ready.remembers) continue
    const { detector } = ready
    const memory = memoryOf(ready, scene)
    const kept = detector.remember(scene, memory, ready.params)
    if (kept.session !== memory.session) session = { ...session, [detector.name]: kept.session }
    if (kept.profile !== memory.profile) profile = { ...profile, [detector.name]: kept.profile }
  }
  return { session, profile }
}
