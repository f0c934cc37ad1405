/** One run: people do things, everything goes wrong, then all is quiet and is held against the oracle. */
import { deadLetterOf, encodeRaw, partitionOf, rawTopics, topics } from '@holdpoint/contracts'
import type { EngineDeps } from '@holdpoint/engine'
import { detectors } from '@holdpoint/risk'
import { embeddedSessionIndex, embeddedStore, type StateStore } from '@holdpoint/state'
import { Checks } from './checks.ts'
import { Disasters } from './disasters.ts'
import { LogData, partitions } from './log-data.ts'
import { losesLog } from './lost-log.ts'
import { giveOrders } from './operators.ts'
import { catalogue, generation } from './oracle.ts'
import { type Deed, lives, sizeOf } from './people.ts'
import { seeded } from './random.ts'
import type { Setting } from './services.ts'
import { Cluster } from './sim-log.ts'
import { commitsKept, type SharedStore } from './sim-store.ts'
import type { Verdict } from './verdict.ts'
import { virtualTime } from './virtual-time.ts'
import type { WeakerDesign } from './weaker-designs.ts'
import { calm, World } from './world.ts'

/** 2026-11-22T10:00:00Z. */
const start = 1_795_341_600_000
/** All that was sent must be applied and published so long after the last fault, ms. */
const lagMs = 5 * 60_000
const stepsMax = 200_000

const outputs = [
  ...[topics.stepUpRequired, topics.stepUpResolved, topics.revoked, topics.riskChanged],
  topics.shadow,
  topics.alerts,
  deadLetterOf(topics.internal),
]

function createTopics(data: LogData): void {
  const create = (name: string, count: number) =>
    data.create({ name, partitions: count, replicas: 1, config: {} })
  create(topics.internal, partitions)
  for (const name of outputs) create(name, 2)
  create(topics.control, 1)
  for (const name of rawTopics) create(name, 2)
  for (const name of [...rawTopics, topics.control]) create(deadLetterOf(name), 1)
}

/**
 * Everything that happens in a run follows from its seed.
 *
 * @param trace is told of every call to log and store, and of every fault
 */
export async function simulate(
  seed: number,
  weaker: WeakerDesign | null = null,
  trace?: (line: string) => void,
): Promise<Verdict> {
  const random = seeded(seed)
  const size = sizeOf(random)
  const time = virtualTime(start, random.fraction)
  const world = new World(random, time, (line) => trace?.(`${time.now() - start} ms  ${line}`))
  const data = new LogData()
  createTopics(data)
  const cluster = new Cluster(world, data)
  const twin = embeddedStore({ generation, detectors, keepCommits: commitsKept, now: time.now })
  const checks = new Checks(data, partitions)
  const store: SharedStore = {
    store: twin,
    commits: [],
    full: 0,
    onCommit: (...args) => checks.committed(...args),
  }
  const weaken = weaker?.begin(data) ?? ((deps: EngineDeps) => deps)
  const setting: Setting = { world, cluster, store, index: embeddedSessionIndex(), weaken }
  const disasters = new Disasters(setting, twin, checks)
  const rejected = (error: unknown) =>
    checks.find('I10', 'broken', `an unhandled rejection: ${String(error)}`)
  process.on('unhandledRejection', rejected)
  let steps = 0

  /** Lets the world go on until `over`; false where it does not come to that. */
  async function until(over: () => boolean | Promise<boolean>, untilMs: number): Promise<boolean> {
    for (let n = 0; steps < stepsMax; n += 1, steps += 1) {
      await time.turn()
      if ((world.waiting === 0 || n % 64 === 0) && (await over())) return true
      if (time.now() > untilMs) return false
      const draw = random.fraction()
      const moved = world.waiting > 0 && draw >= 0.031 && (await world.step())
      if (!moved) {
        if (world.waiting === 0 || draw >= 0.031) time.toNextTimer()
        else if (draw < 0.03) time.pass(1 + random.below(200))
        else {
          world.count('everything is slow')
          time.pass(6_000)
        }
        world.expire()
      }
    }
    return false
  }

  try {
    const deeds = lives(random, start, size)
    disasters.begin(size, weaker?.shownBy)
    const sent = new Set<Deed>()
    for (const deed of deeds) send(deed, setting, disasters, () => sent.add(deed))
    poisonLog(setting, size.storyMs)
    giveOrders(setting, size.storyMs)
    const story = start + size.storyMs
    await until(() => time.now() >= story, story)
    disasters.end()
    world.weather = calm
    const quiet = await until(async () => {
      if (sent.size < deeds.length) return false
      return (await isApplied(data, twin)) && checks.missing(deeds).length === 0
    }, story + lagMs)
    const missing = checks.missing(deeds)
    if (!quiet) {
      const lag = await lagOf(data, twin)
      const kind = missing.length > 0 ? 'lost' : 'broken'
      checks.find('I9', kind, `not at rest in time; ${lag}; missing: ${missing.join() || 'none'}`)
    }
    checks.judgeLetters(deeds)
    await checks.atRest(twin, { rebuilt: disasters.rebuilt, now: time.now() })
    await livenessOf(disasters, checks)
    if (quiet && random.chance(0.25)) await losesLog({ setting, disasters, checks, twin, until })
  } finally {
    process.off('unhandledRejection', rejected)
    time.forget()
    time.uninstall()
  }
  const decisions = outputs.slice(0, 4).flatMap((topic) => all(data, topic)).length
  return {
    seed,
    findings: checks.findings,
    faults: world.faults,
    steps,
    events: rawTopics.flatMap((topic) => all(data, topic)).length,
    records: all(data, topics.internal).length,
    decisions,
    repeats: checks.repeats(),
  }
}

/** Sends a deed when its time has come, and again until it is taken: every producer does. */
function send(
  { at, topic, event, poison }: Deed,
  { world, cluster }: Setting,
  disasters: Disasters,
  onSent: () => void,
): void {
  const { random } = world
  if (topic !== null) {
    const value = poison ?? encodeRaw(catalogue, topic, event)
    const who = event.subject?.id ?? event.sessionId ?? ''
    const headers = { 'simulation.id': event.id }
    setTimeout(() => {
      const key = Buffer.from(who)
      cluster.append(topic, [{ partition: partitionOf(who, 2), key, value, headers }])
      onSent()
    }, at)
    return
  }
  const post = async (): Promise<void> => {
    const ingest = disasters.one('ingest')
    const patience = AbortSignal.timeout(10_000)
    const answer = ingest?.post(event) ?? Promise.reject(new Error('nobody listens'))
    const impatient = new Promise<never>((_, reject) => {
      patience.addEventListener('abort', () => reject(new Error('no answer')))
    })
    try {
      await Promise.race([answer, impatient])
      onSent()
    } catch {
      setTimeout(() => void post(), 200 + random.below(1_000))
    }
  }
  setTimeout(() => void post(), at)
}

/** True where engines have applied, published and trimmed all that is in the log. */
async function isApplied(data: LogData, store: StateStore): Promise<boolean> {
  for (let partition = 0; partition < partitions; partition += 1) {
    const { meta, outbox } = await store.open(partition)
    const { high } = data.bounds({ topic: topics.internal, partition })
    if ((meta?.appliedOffset ?? -1) + 1 < high || outbox.length > 0) return false
  }
  return true
}

async function lagOf(data: LogData, store: StateStore): Promise<string> {
  const parts: string[] = []
  for (let partition = 0; partition < partitions; partition += 1) {
    const { meta, outbox } = await store.open(partition)
    const { high } = data.bounds({ topic: topics.internal, partition })
    parts.push(
      `${partition}: applied ${meta?.appliedOffset} of ${high}, ${outbox.length} to publish`,
    )
  }
  return parts.join('; ')
}

/** Whoever runs at the end says that it lives. */
async function livenessOf(disasters: Disasters, checks: Checks): Promise<void> {
  for (const { process, checks: health } of disasters.all('engine')) {
    for (const check of Object.values(health?.live ?? {})) {
      const { ok, detail } = await check()
      if (!ok) checks.find('I10', 'broken', `${process.name}: ${detail}`)
    }
  }
}

/** Records of the internal log that nobody can read. */
function poisonLog({ world, cluster }: Setting, storyMs: number): void {
  const { random } = world
  if (!random.chance(0.3)) return
  for (let n = 1 + random.below(3); n > 0; n -= 1) {
    const record = { partition: random.below(partitions), key: null, value: Buffer.from([7, n]) }
    setTimeout(() => cluster.append(topics.internal, [record]), random.below(storyMs))
  }
}

const all = (data: LogData, topic: string) =>
  Array.from({ length: data.spec(topic)?.partitions ?? 0 }, (_, partition) =>
    data.all({ topic, partition }),
  ).flat()
