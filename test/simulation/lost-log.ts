/** What only an operator can mend: the log itself loses records. The partition must stop and say so. */
import { encodeLogRecord, topics } from '@holdpoint/contracts'
import type { EmbeddedStore } from '@holdpoint/state'
import type { Checks } from './checks.ts'
import type { Disasters } from './disasters.ts'
import { partitions } from './log-data.ts'
import { catalogue } from './oracle.ts'
import type { Setting } from './services.ts'

/** How long an engine may need to see it, ms. */
const noticeMs = 3 * 60_000

export async function losesLog({
  setting,
  disasters,
  checks,
  twin,
  until,
}: {
  readonly setting: Setting
  readonly disasters: Disasters
  readonly checks: Checks
  readonly twin: EmbeddedStore
  readonly until: (over: () => boolean | Promise<boolean>, untilMs: number) => Promise<boolean>
}): Promise<void> {
  const { world, cluster } = setting
  const { data } = cluster
  const { random } = world
  const partition = random.below(partitions)
  const other = (partition + 1) % partitions
  const at = { topic: topics.internal, partition }
  // A log so short may grow past its old end before anybody looks.
  if (data.bounds(at).high < 12) return
  const accident = random.pick(['gap', 'tail lost', 'made anew'] as const)
  world.count(`log: ${accident}`)
  const ticks = (count: number): void => {
    for (const p of [partition, other]) {
      const value = encodeLogRecord({ kind: 'tick', t: world.time.now() }, catalogue)
      const tick = { partition: p, key: null, value }
      cluster.append(
        topics.internal,
        Array.from({ length: count }, () => tick),
      )
    }
  }
  if (accident === 'gap') {
    // Retention passes what was not folded, while engines run.
    ticks(3)
    checks.foldOn(partition)
    data.cutHead(at, data.bounds(at).high - 1)
  } else {
    // Engines that look find less than they had folded: the log has not yet grown past it again. Half of
    // the time they run on meanwhile.
    if (random.chance(0.5)) for (const one of disasters.all('engine')) disasters.kill(one)
    if (accident === 'tail lost') data.cutTail(at, 12)
    else data.recreate(at)
    // Whoever runs sees it with the next record.
    ticks(2)
  }
  const { meta: before } = await twin.open(partition)
  const code = accident === 'gap' ? 'log_gap' : 'log_truncated'
  const stopped = await until(async () => {
    const checksOf = disasters.all('engine').map((one) => one.checks?.ready['partitions'])
    const results = await Promise.all(checksOf.map(async (check) => check?.()))
    return results.some((result) => result?.detail?.includes(code) ?? false)
  }, world.time.now() + noticeMs)
  if (!stopped) {
    checks.find('I8', 'broken', `a log with ${accident} did not stop ${code}`)
    return
  }
  const { meta: after } = await twin.open(partition)
  if (after?.appliedOffset !== before?.appliedOffset) {
    checks.find('I8', 'wrong', `partition ${partition} went on after it had stopped ${code}`)
  }
  ticks(3)
  const { high } = data.bounds({ topic: topics.internal, partition: other })
  const goesOn = await until(
    async () => ((await twin.open(other)).meta?.appliedOffset ?? -1) + 1 >= high,
    world.time.now() + noticeMs,
  )
  if (!goesOn) checks.find('I8', 'broken', `partition ${other} stopped with another's lost log`)
}
