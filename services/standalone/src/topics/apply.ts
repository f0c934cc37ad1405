/** `holdpoint topics apply`: the plan as lines, then the plan made true. */
import { applyPlan, confluentRegistry, planTopics, type TopicPorts } from '@holdpoint/contracts'
import { kafkaLog, type LogAdmin } from '@holdpoint/log'
import { kafkaConnection, kafkaVariables, loadConfig, registryUrl } from '@holdpoint/runtime'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'

/** The variables that name what topics and schemas are applied to. */
export const topicsConfig = { ...kafkaVariables, registryUrl }

/** As many copies as survive the loss of one and still take writes. */
const replicasWanted = 3

export interface ApplyOptions {
  readonly dryRun: boolean
  readonly replicas: number | undefined
  readonly env: Environment
  readonly print: (line: string) => void
}

/** @throws ConfigError; CommandError where a part does not answer, or a difference needs a person */
export async function applyTopics({ dryRun, replicas, env, print }: ApplyOptions): Promise<void> {
  const config = loadConfig(topicsConfig, env)
  const log = kafkaLog({ ...kafkaConnection(config), clientId: 'holdpoint-topics' })
  try {
    const admin = await log.admin()
    const ports: TopicPorts = { admin, registry: confluentRegistry(config.registryUrl) }
    await makeTrue(ports, { dryRun, replicas: replicas ?? (await fitting(admin)), print })
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`${messageOf(error)}\nholdpoint doctor tells what is reachable`)
  } finally {
    await log.close()
  }
}

async function makeTrue(
  ports: TopicPorts,
  options: {
    readonly dryRun: boolean
    readonly replicas: number
    readonly print: (line: string) => void
  },
): Promise<void> {
  const { dryRun, replicas, print } = options
  const plan = await planTopics(ports, { replicas })
  if (plan.faults.length > 0) throw new CommandError(plan.faults.join('\n'))
  for (const { line } of plan.changes) print(dryRun ? `would ${line}` : line)
  const count = plan.changes.length
  if (count === 0) print('topics and schemas are as stated: nothing to do')
  else if (dryRun) print(`${count} changes, none made: without --dry-run they are`)
  else {
    await applyPlan(plan, ports)
    print(`${count} changes made`)
  }
}

const fitting = async (admin: LogAdmin): Promise<number> =>
  Math.min(replicasWanted, await admin.brokers())

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
