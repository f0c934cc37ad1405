/** Agents that people send: they act for them, in sessions of their own. */
import type { Human, InSession } from './human.ts'
import { software } from './machines.ts'
import { exitOf, type Spot } from './places.ts'
import { type Random, seeded, seedFor } from './random.ts'
import { LiveSession } from './session.ts'
import { hourMs, minuteMs, type Script, type Stage, secondMs } from './stage.ts'
import { assurances, type Where } from './wire.ts'
import { clouds, type Exit } from './world.ts'

/** What an agent is let do, and how long it works on one task. */
const agentDeeds = [
  { name: 'documents.read', access: 'read' },
  { name: 'tickets.update', access: 'write' },
  { name: 'invoices.view', access: 'read' },
]

export interface Agent {
  readonly id: string
  readonly human: Human
  readonly random: Random
  readonly cloud: Exit
  spot: Spot
  readonly tellsKey: boolean
  session: LiveSession | null
}

export function createAgent(seed: number, index: number, human: Human): Agent {
  const random = seeded(seedFor(seed, 4, index))
  const cloud = clouds[index % 2] as Exit
  const spot = exitOf(cloud, 5_000 + index, 0)
  return {
    id: `agent-${index}`,
    human,
    random,
    cloud,
    spot,
    tellsKey: index % 5 !== 0,
    session: null,
  }
}

export const agentPlace = ({ spot }: Agent): Where => ({
  spot,
  device: software('python-httpx/0.28.1'),
})

/** Works on tasks that its person gives it while at the laptop. */
export function* runAgent(stage: Stage, agent: Agent): Script {
  const { human, random } = agent
  for (let task = 1; ; task += 1) {
    yield random.around(5 * hourMs)
    const parent = human.laptop
    if (parent === null || parent.over || human.away === 'on the way') continue
    const moves = random.chance(0.05)
    if (moves) agent.spot = exitOf(agent.cloud, 5_000 + random.below(50), random.below(3))
    let session = agentSession(stage, agent, parent, task)
    if (moves) session.traits.add('agent-moved')
    const where = agentPlace(agent)
    for (let n = 3 + random.below(5); n > 0 && !session.over && !parent.over; n -= 1) {
      const pays = random.chance(0.1)
      if (pays) session.traits.add('agent-pays')
      const action = pays
        ? { name: 'payments.create', amount: 50 + random.below(800), currency: 'EUR' }
        : random.pick(agentDeeds)
      session.send('action', where, { action, credential: agentKey(agent) })
      yield secondMs
      if (session.stepUp !== null) session = yield* approve(stage, agent, session)
      yield random.around(4 * minuteMs)
    }
    session.close()
  }
}

export function agentSession(
  stage: Stage,
  agent: Agent,
  parent: LiveSession,
  task: number | string,
): LiveSession {
  const { human, random, id } = agent
  const session = new LiveSession(
    stage,
    {
      id: `${id}-task-${task}`,
      subject: { id: human.person.id, kind: 'human' },
      actor: { id, kind: 'agent' },
      parentSessionId: parent.id,
      producer: human.person.company,
      random,
    },
    agentPlace(agent),
  )
  session.traits.add('agent-on-behalf')
  agent.session = session
  return session
}

/** The person proves to be there, then the agent shows it. */
function* approve(stage: Stage, agent: Agent, session: LiveSession): InSession {
  const { human, random } = agent
  yield random.around(minuteMs)
  const method = human.strongMethod()
  const parent = human.laptop
  if (parent === null || parent.over || session.over) return session
  parent.send('reauthentication', parent.where, { assurance: assurances[method] })
  parent.authenticatedAt = stage.now
  yield 2 * secondMs
  const next = session.stepUp?.rotate === true ? session.successor() : session
  next.send('reauthentication', agentPlace(agent), {
    assurance: { ...assurances[method], authTime: new Date(stage.now).toISOString() },
    credential: agentKey(agent),
    ...(next === session ? {} : { previousSessionId: session.id }),
  })
  agent.session = next
  yield secondMs
  if (next.stepUp !== null) next.traits.add('approved-in-vain')
  return next
}

/** What an agent presents; some platforms do not tell of it. */
export const agentKey = ({ id, tellsKey }: Agent) =>
  tellsKey ? { id: `${id}-key`, kind: 'workload-identity', status: 'active' } : null
