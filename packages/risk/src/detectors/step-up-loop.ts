/**
 * Software that is asked again and again by one rule: nobody attacks, the policy is too coarse for it.
 *
 * What was asked at an event is known after it, so the finding comes with the next event.
 */
import { defineDetector, type Scene } from '../detector.ts'
import { cutText, list, record, text, time, uint, type ValueOf } from '../fields.ts'
import { minutesText } from './describe.ts'
import { nameHash } from './name-hash.ts'

const askedList = list(8, record({ rule: uint, at: time }))

const remembered = {
  /** The latest step-ups: the rule as a hash, and when it asked. */
  asked: askedList,
  /** The rule of the latest, for people. */
  rule: text(48),
  /** The rule that was told of last, as a hash, and when. */
  toldRule: uint,
  told: time,
} as const
type Kept = { readonly [K in keyof typeof remembered]: ValueOf<(typeof remembered)[K]> }

interface Params {
  readonly stepUpsMin: number
  readonly windowMs: number
}

/** How often the latest rule has asked within the window, 0 where it is not to be told of now. */
function timesAsked({ kind, t }: Scene, kept: Kept, { stepUpsMin, windowMs }: Params): number {
  const latest = kept.asked.at(-1)
  if (kind === 'human' || latest === undefined || latest.at >= t) return 0
  if (kept.toldRule === latest.rule && t - kept.told < windowMs) return 0
  const times = kept.asked.filter((a) => a.rule === latest.rule && t - a.at < windowMs).length
  return times >= stepUpsMin ? times : 0
}

export const stepUpLoop = defineDetector({
  name: 'step-up-loop',
  version: 1,
  family: 'behaviour',
  reasons: {
    STEPUP_LOOP: 'One rule of the policy asks a workload or an agent for proof again and again.',
  },
  about: {
    sees: 'The step-ups that workloads and agents are asked for, in all their sessions, by the rule that asked.',
    misses: [
      'Two rules that ask by turns, each fewer times than it takes.',
      'A loop whose last step-up nothing follows: it is told of with the next event.',
      'People: they are kept from too many prompts by the caps.',
    ],
    mistakes: [
      'A thief who uses a stolen credential again and again: look at the risk that the step-ups were asked for before the rule is loosened.',
    ],
  },
  params: { score: 0, stepUpsMin: 3, windowMs: 24 * 3_600_000 },
  needs: [],
  memory: { session: { counted: time }, profile: remembered },
  detect(scene, { profile: kept }, params) {
    const stepUps = timesAsked(scene, kept, params)
    if (stepUps === 0) return null
    const within = minutesText(Math.floor(params.windowMs / 60_000))
    return {
      reason: 'STEPUP_LOOP',
      score: params.score,
      halfLifeMs: 0,
      message: `Asked for proof ${stepUps} times in ${within} by ${kept.rule}: the policy may be too coarse for this ${scene.kind}`,
      evidence: { rule: kept.rule, stepUps, kind: scene.kind },
    }
  },
  remember(scene, memory, params) {
    let { session, profile } = memory
    const latest = profile.asked.at(-1)
    if (latest !== undefined && timesAsked(scene, profile, params) > 0) {
      profile = { ...profile, toldRule: latest.rule, told: scene.t }
    }
    const open = scene.session.stepUp
    if (scene.kind !== 'human' && open !== null && open.issuedAt !== session.counted) {
      const asked = [...profile.asked, { rule: nameHash(open.rule), at: scene.t }]
      const rule = cutText(open.rule, remembered.rule.max)
      profile = { ...profile, asked: asked.slice(-askedList.max), rule }
      session = { counted: open.issuedAt }
    }
    return session === memory.session && profile === memory.profile ? memory : { session, profile }
  },
})
