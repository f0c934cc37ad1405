import { connect } from 'node:net'
import {
  confluentRegistry,
  planTopics,
  type TopicAdmin,
  type TopicPlan,
  topicTable,
} from '@holdpoint/contracts'
import { kafkaLog, type Log } from '@holdpoint/log'
import type { KafkaConnection } from '@holdpoint/runtime'
import { type Finding, fail, messageOf, ok, warn, within } from './check.ts'

const connectMs = 1_500
const answerMs = 6_000
const applyMend = 'Run: holdpoint topics apply'

/** Kafka, its topics, the registry and its schemas. */
export async function checkStreams(
  connection: KafkaConnection,
  registryUrl: string,
): Promise<readonly Finding[]> {
  const [kafka, registry] = await Promise.all([checkKafka(connection), checkRegistry(registryUrl)])
  return [...kafka, ...registry]
}

async function checkKafka(connection: KafkaConnection): Promise<readonly Finding[]> {
  const { brokers } = connection
  const refusals = await Promise.all(brokers.map(refusalOf))
  const away = brokers.flatMap((broker, at) => {
    const refusal = refusals[at]
    return refusal ? [`${broker} (${refusal})`] : []
  })
  if (away.length === brokers.length) {
    return [
      fail(
        'kafka',
        `no answer from ${away.join(', ')}`,
        'Start it, or set HOLDPOINT_KAFKA_BROKERS',
      ),
      warn('topics', 'not checked, since Kafka gives no answer', 'Mend Kafka first'),
    ]
  }
  const log = kafkaLog({ ...connection, clientId: 'holdpoint-doctor' })
  try {
    return await within(answerMs, askKafka(log, brokers, away))
  } catch (error) {
    const mend =
      'Look at the brokers, and whether their advertised listeners can be reached from here'
    return [
      fail('kafka', `${brokers.join(', ')}: ${messageOf(error)}`, mend),
      warn('topics', 'not checked, since Kafka gives no answer', 'Mend Kafka first'),
    ]
  } finally {
    await within(answerMs, log.close()).catch(() => undefined)
  }
}

async function askKafka(
  log: Log,
  brokers: readonly string[],
  away: readonly string[],
): Promise<readonly Finding[]> {
  const admin = await log.admin()
  const count = await admin.brokers()
  const plan = await planTopics({ admin, registry: null }, { replicas: Math.min(3, count) })
  const found = `${count} ${count === 1 ? 'broker' : 'brokers'} at ${brokers.join(', ')}`
  return [
    away.length === 0
      ? ok('kafka', found)
      : warn(
          'kafka',
          `${found}; no answer from ${away.join(', ')}`,
          'Start it, or take it off HOLDPOINT_KAFKA_BROKERS',
        ),
    ...planned('topics', plan, `${topicTable.length} topics as stated`),
  ]
}

async function checkRegistry(url: string): Promise<readonly Finding[]> {
  const registry = confluentRegistry(url, connectMs * 2)
  try {
    const plan = await within(answerMs, planTopics({ admin: asStated, registry }, { replicas: 3 }))
    const schemas = topicTable.filter(({ schema }) => schema !== null).length
    return [
      ok('registry', url),
      ...planned('schemas', plan, `${schemas} schemas registered and compatible`),
    ]
  } catch (error) {
    return [
      fail('registry', messageOf(error), 'Start it, or set HOLDPOINT_REGISTRY_URL'),
      warn('schemas', 'not checked, since the registry gives no answer', 'Mend the registry first'),
    ]
  }
}

/** A broker on which every topic is right, so that a plan against it speaks of schemas only. */
const asStated: TopicAdmin = {
  describe: async () => new Map(topicTable.map((def) => [def.name, def])),
  create: async () => undefined,
  configure: async () => undefined,
}

/** Missing things stop the services; settings that differ do not. */
function planned(name: string, plan: TopicPlan, asItShould: string): readonly Finding[] {
  const [fault] = plan.faults
  if (fault !== undefined) {
    const more = plan.faults.length - 1
    return [fail(name, more === 0 ? fault : `${fault}; and ${more} more`, applyMend)]
  }
  if (plan.changes.length === 0) return [ok(name, asItShould)]
  const missing = plan.changes.filter(
    ({ kind }) => kind === 'create-topic' || kind === 'register-schema',
  )
  if (missing.length > 0) return [fail(name, `${missing.length} missing`, applyMend)]
  return [warn(name, `${plan.changes.length} settings differ from what is stated`, applyMend)]
}

/** Why a broker cannot be reached, null where it can. */
function refusalOf(broker: string): Promise<string | null> {
  const colon = broker.lastIndexOf(':')
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(broker.slice(colon + 1)), timeout: connectMs })
    const answer = (refusal: string | null): void => {
      socket.destroy()
      resolve(refusal)
    }
    socket.once('connect', () => answer(null))
    socket.once('timeout', () => answer('no answer'))
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code ?? error.message))
  })
}
