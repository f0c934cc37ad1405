/** Runs the registry over a scene: what each detector finds, and what it keeps. */
import type { Detector, DetectorMemory, Need, Scene } from './detector.ts'
import { emptyOf, type Field } from './fields.ts'
import type { Policy } from './policy.ts'
import type { Signal } from './signal.ts'
import type { Memories, Profile, Session } from './state.ts'

type AnyMemory = DetectorMemory<Record<string, Field>, Record<string, Field>>

/** A detector's memory before it has kept anything, made once for each. */
const blanks = new WeakMap<Detector, AnyMemory>()

function blankOf(detector: Detector): AnyMemory {
  let blank = blanks.get(detector)
  if (blank === undefined) {
    const of = (fields: Readonly<Record<string, Field>>) =>
      emptyOf({ kind: 'record', fields }) as AnyMemory['session']
    blank = { session: of(detector.memory.session), profile: of(detector.memory.profile) }
    blanks.set(detector, blank)
  }
  return blank
}

function memoryOf(detector: Detector, session: Memories, profile: Memories): AnyMemory {
  const blank = blankOf(detector)
  const inSession = session[detector.name] as AnyMemory['session'] | undefined
  const inProfile = profile[detector.name] as AnyMemory['profile'] | undefined
  if (inSession === undefined && inProfile === undefined) return blank
  return { session: inSession ?? blank.session, profile: inProfile ?? blank.profile }
}

const lacks: Readonly<Record<Need, (scene: Scene) => boolean>> = {
  network: (scene) => scene.context.network === null,
  place: (scene) => scene.context.place === null,
  client: (scene) => scene.context.client === null,
  base: (scene) => scene.base === null,
  history: (scene) => !scene.hasHistory,
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
    if (detector.needs.some((need) => lacks[need](scene))) {
      blind.push(detector.name)
      continue
    }
    const memory = memoryOf(detector, scene.session.memory, scene.profile.memory)
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

/** What the detectors keep of a scene. Returns the very objects it was given where nothing changed. */
export function rememberAll(
  detectors: readonly Detector[],
  scene: Scene,
  policy: Policy,
): { readonly session: Session; readonly profile: Profile } {
  let inSession = scene.session.memory
  let inProfile = scene.profile.memory
  for (const detector of detectors) {
    const memory = memoryOf(detector, scene.session.memory, scene.profile.memory)
    const kept = detector.remember(scene, memory, paramsOf(detector, policy))
    if (kept.session !== memory.session) {
      inSession = { ...inSession, [detector.name]: kept.session }
    }
    if (kept.profile !== memory.profile) {
      inProfile = { ...inProfile, [detector.name]: kept.profile }
    }
  }
  return {
    session:
      inSession === scene.session.memory ? scene.session : { ...scene.session, memory: inSession },
    profile:
      inProfile === scene.profile.memory ? scene.profile : { ...scene.profile, memory: inProfile },
  }
}
