/** What operators order in a run: switches of observe-only, and an answer to whatever is held at that moment. */
import {
  type ControlOrder,
  controlKeyOf,
  decodeDecision,
  encodeControl,
  topics,
} from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'
import { catalogue } from './oracle.ts'
import { recordsOf } from './published.ts'
import type { Setting } from './services.ts'

/** Plans some orders in half of the runs; none comes after `storyMs`. */
export function giveOrders(setting: Setting, storyMs: number): void {
  const { random } = setting.world
  if (random.chance(0.5)) return
  for (let n = 1 + random.below(8); n > 0; n -= 1) {
    setTimeout(() => order(setting, `order-${n}`), random.below(storyMs))
  }
}

function order(setting: Setting, id: string): void {
  const { world, cluster } = setting
  const given = answerOf(setting, id) ?? switchOf(setting, id)
  world.count(`an operator's ${given.kind}`)
  // An operator who is not sure that it was taken gives it again.
  for (let times = world.random.chance(0.2) ? 2 : 1; times > 0; times -= 1) {
    const key = Buffer.from(controlKeyOf(given))
    cluster.append(topics.control, [{ partition: 0, key, value: encodeControl(given) }])
  }
}

const headOf = ({ world }: Setting, id: string) => ({
  specversion: '1.0',
  id,
  issuedAt: world.time.now(),
  operator: 'zoë',
  reason: 'simulated',
})

const switchOf = (setting: Setting, id: string): ControlOrder => ({
  ...headOf(setting, id),
  kind: 'observe-only',
  tenant: setting.world.random.pick(['', 'default', 'another']),
  on: setting.world.random.chance(0.4),
})

/** Answers what was told as held; it may have been answered, or be over, by now. */
function answerOf(setting: Setting, id: string): ControlOrder | null {
  const { random } = setting.world
  const held = recordsOf(setting.cluster.data, topics.shadow)
    .map(({ record }) => decodeDecision(catalogue, record.value ?? Buffer.alloc(0)))
    .filter(
      ({ type, session }) => type === 'session.revoked' && session.status === 'revocation_held',
    )
  if (held.length === 0 || random.chance(0.3)) return null
  const { decisionId, tenant, subject, sessionId }: Decision = random.pick(held)
  const kind = random.pick(['release', 'drop'] as const)
  const of = { decisionId, tenant, subject: { id: subject.id }, sessionId: sessionId ?? '' }
  return { ...headOf(setting, id), kind, ...of }
}
