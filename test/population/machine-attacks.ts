/** Attacks on what machines hold: keys, and the approvals that agents act on. */

import { type Agent, agentKey, agentPlace, agentSession } from './agents.ts'
import { exportCustomers, payment, readSecret } from './deeds.ts'
import { keyOf, placeOf, type Workload } from './machines.ts'
import { type Attack, lairs, type Raid, rob, script, sending, steal, type Targets } from './raid.ts'
import { type LiveSession, labelOf } from './session.ts'
import { dayMs, hourMs, minuteMs, type Script, secondMs } from './stage.ts'
import type { Where } from './wire.ts'

const job = { name: 'jobs.run', access: 'write' }

function robbedWorkload({ random, stage }: Raid, { machines }: Targets): Workload | null {
  const fits = ({ session, way, isVictim }: Workload): boolean =>
    !isVictim &&
    session !== null &&
    !session.over &&
    way !== 'ci-runners' &&
    stage.now - session.lastActed < dayMs
  const from = random.below(Math.max(1, machines.length))
  for (let n = 0; n < machines.length; n += 1) {
    const machine = machines[(from + n) % machines.length]!
    if (fits(machine)) return machine
  }
  return null
}

const stolenKey = (kind: string, inTurns: boolean): Attack => ({
  kind,
  begin(raid, targets) {
    const workload = robbedWorkload(raid, targets)
    if (workload?.session == null) return null
    workload.isVictim = true
    return useKey(raid, workload, workload.session, inTurns)
  },
})

function* useKey(raid: Raid, workload: Workload, session: LiveSession, inTurns: boolean): Script {
  const spot = raid.random.chance(0.5) ? lairs.hosting(raid) : lairs.abroad(raid)
  const thief: Where = { spot, device: script }
  for (let n = 0; n < 3; n += 1) {
    const credential = keyOf(workload)
    session.send('action', thief, { action: job, credential }, sending(raid))
    yield raid.random.around(minuteMs)
    if (inTurns) session.send('action', placeOf(workload), { action: job, credential })
    yield raid.random.around(minuteMs)
  }
  yield* steal(raid, session, thief, raid.random.pick([exportCustomers, readSecret]))
}

/** Whoever has an agent and is at work. */
function robbedAgent({ random, stage }: Raid, { agents }: Targets, authenticatedMs: number) {
  const from = random.below(Math.max(1, agents.length))
  for (let n = 0; n < agents.length; n += 1) {
    const agent = agents[(from + n) % agents.length]!
    const parent = agent.human.laptop
    if (parent === null || parent.over || agent.human.isVictim) continue
    if (stage.now - parent.authenticatedAt < authenticatedMs) continue
    rob(agent.human)
    return { agent, parent }
  }
  return null
}

/** The person's session ended for cause; the agent that it sent goes on. */
const parentRevoked: Attack = {
  kind: 'agent-parent-revoked',
  begin(raid, targets) {
    const found = robbedAgent(raid, targets, 0)
    return found && actOn(raid, found.agent, found.parent)
  },
}

function* actOn(raid: Raid, agent: Agent, parent: LiveSession): Script {
  const session = agentSession(raid.stage, agent, parent, raid.case)
  const where = agentPlace(agent)
  session.send('action', where, {
    action: { name: 'documents.read', access: 'read' },
    credential: agentKey(agent),
  })
  yield minuteMs
  const { producer, subject } = parent.options
  raid.stage.send(
    {
      id: raid.stage.nextId(),
      type: 'revocation',
      source: producer.name,
      occurredAt: new Date(raid.stage.now).toISOString(),
      subject,
      sessionId: parent.id,
      initiator: 'admin',
      label: labelOf(parent.traits, undefined),
    },
    100,
  )
  yield 5 * minuteMs
  yield* steal(raid, session, where, payment(5_000))
}

/** An approval of this morning, and a payment by the agent now. */
const staleApproval: Attack = {
  kind: 'agent-stale-approval',
  begin(raid, targets) {
    const found = robbedAgent(raid, targets, 3 * hourMs)
    if (found === null) return null
    const session = agentSession(raid.stage, found.agent, found.parent, raid.case)
    return pay(raid, session, agentPlace(found.agent))
  },
}

function* pay(raid: Raid, session: LiveSession, where: Where): Script {
  yield secondMs
  yield* steal(raid, session, where, payment(400))
}

export const machineAttacks: readonly Attack[] = [
  stolenKey('stolen-key', false),
  stolenKey('stolen-key-in-turns', true),
  parentRevoked,
  staleApproval,
]
