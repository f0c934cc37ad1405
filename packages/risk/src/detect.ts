/** Runs the registry over a scene: what each detector finds, and what it keeps. */
import type { Detector, DetectorMemory, Need, Scene } from './detector.ts'
import { emptyOf, type Field } from './fields.ts'
import type { Policy } from './policy.ts'
import type { Signal } from './signal.ts'
import type { Memories } from './state.ts'

type AnyMemory = DetectorMemory<Record<string, Field>, Record<string, Field>>

/** What can be known of a detector before any event: made once for each. */
interface Known {
  /** Its memory before it has kept anything. */
  readonly blank: AnyMemory
  readonly remembers: boolean
}

const knownDetectors = new WeakMap<Detector, Known>()

function knownOf(detector: Detector): Known {
  let known = knownDetectors.get(detector)
  if (known === undefined) {
    const of = (fields: Readonly<Record<string, Field>>) =>
      emptyOf({ kind: 'record', fields }) as AnyMemory['session']
    const { session, profile } = detector.memory
    known = {
      blank: { session: of(session), profile: of(profile) },
      remembers: Object.keys(session).length + Object.keys(profile).length > 0,
    }
    knownDetectors.set(detector, known)
  }
  return known
}

function memoryOf(
  detector: Detector,
  known: Known,
  session: Memories,
  profile: Memories,
): AnyMemory {
  if (!known.remembers) return known.blank
  const inSession = session[detector.name] as AnyMemory['session'] | undefined
  const inProfile = profile[detector.name] as AnyMemory['profile'] | undefined
  if (inSession === undefined && inProfile === undefined) return known.blank
  return { session: inSession ?? known.blank.session, profile: inProfile ?? known.blank.profile }
}

const lacks: Readonly<Record<Need, (scene: Scene) => boolean>> = {
  network: (scene) => scene.context.network === null,
  place: (scene) => scene.context.place === null,
  client: (scene) => scene.context.client === null,
  base: (scene) => scene.base === null,
  history: (scene) => !scene.hasHistory,
}

function isBlind(detector: Detector, scene: Scene): boolean {
  for (const need of detector.needs) if (lacks[need](scene)) return true
  return false
}

const paramsOf = (detector: Detector, policy: Policy) => {
  const tuned = policy.detectors[detector.name]
  return tuned === undefined ? detector.params : { ...detector.params, ...tuned }
}

/** What the detectors find in a scene, and which of them were blind: an input was missing. */
export function detectAll(
  detectors: readonly Detector[],
  scene: Scene,
  policy: Policy,
): { readonly signals: readonly Signal[]; readonly blind: readonly string[] } {
  const signals: Signal[] = []
  const blind: string[] = []
  for (const detector of detectors) {
    if (isBlind(detector, scene)) {
      blind.push(detector.name)
      continue
    }
    const { session, profile } = scene
    const memory = memoryOf(detector, knownOf(detector), session.memory, profile.memory)
    const finding = detector.detect(scene, memory, paramsOf(detector, policy))
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
  for (const detector of detectors) {
    const known = knownOf(detector)
    if (!known.remembers) continue
    const memory = memoryOf(detector, known, scene.session.memory, scene.profile.memory)
    const kept = detector.remember(scene, memory, paramsOf(detector, policy))
    if (kept.session !== memory.session) session = { ...session, [detector.name]: kept.session }
    if (kept.profile !== memory.profile) profile = { ...profile, [detector.name]: kept.profile }
  }
  return { session, profile }
}
