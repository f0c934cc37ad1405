/**
 * The difference between the topics and schemas as stated (`schemas/`) and as they are, and its
 * removal. Planning only reads; applying a plan and planning again finds nothing to do.
 */
import type { SchemaRegistryPort } from './registry-port.ts'
import { schemaText } from './schema-files.ts'
import { subjectOf, type TopicDef, topicTable } from './topics.ts'

export interface PlannedTopic {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
  readonly config: Readonly<Record<string, string>>
}

/** What is needed of a broker; `@holdpoint/log`'s admin is one. */
export interface TopicAdmin {
  /** null for a topic that does not exist. */
  describe(
    topics: readonly string[],
  ): Promise<
    ReadonlyMap<
      string,
      { readonly partitions: number; readonly config: Readonly<Record<string, string>> } | null
    >
  >
  create(topic: PlannedTopic): Promise<void>
  configure(topic: string, config: Readonly<Record<string, string>>): Promise<void>
}

/** One step, with the line that a person reads. */
export type TopicChange = { readonly line: string } & (
  | { readonly kind: 'create-topic'; readonly topic: PlannedTopic }
  | {
      readonly kind: 'configure-topic'
      readonly topic: string
      readonly config: Readonly<Record<string, string>>
    }
  | { readonly kind: 'set-compatibility'; readonly subject: string; readonly level: string }
  | { readonly kind: 'register-schema'; readonly subject: string; readonly schema: string }
)

export interface TopicPlan {
  /** In the order in which they are to be made. */
  readonly changes: readonly TopicChange[]
  /** What no change here can mend, each with its mend. A plan with faults is not applied. */
  readonly faults: readonly string[]
}

export interface TopicPorts {
  readonly admin: TopicAdmin
  /** null where records are JSON only. */
  readonly registry: SchemaRegistryPort | null
}

/** Compares the table with broker and registry. `replicas` is the replication factor of new topics. */
export async function planTopics(
  ports: TopicPorts,
  options: { readonly replicas: number; readonly table?: readonly TopicDef[] },
): Promise<TopicPlan> {
  const { replicas, table = topicTable } = options
  const found = await ports.admin.describe(table.map(({ name }) => name))
  const changes: TopicChange[] = []
  const faults: string[] = []
  for (const def of table) {
    const config = fitted(def.config, replicas)
    const state = found.get(def.name) ?? null
    if (state === null) {
      changes.push(creation({ name: def.name, partitions: def.partitions, replicas, config }))
      continue
    }
    const fault = partitionFault(def, state.partitions)
    if (fault !== null) faults.push(fault)
    const change = configuration(def.name, config, state.config)
    if (change !== null) changes.push(change)
  }
  if (ports.registry !== null) {
    for (const def of table) await planSchema(ports.registry, def, changes, faults)
  }
  return { changes, faults }
}

/** Makes a plan's changes in order. Throws before the first where the plan has faults. */
export async function applyPlan(plan: TopicPlan, ports: TopicPorts): Promise<void> {
  if (plan.faults.length > 0) throw new Error(plan.faults.join('\n'))
  for (const change of plan.changes) {
    switch (change.kind) {
      case 'create-topic':
        await ports.admin.create(change.topic)
        break
      case 'configure-topic':
        await ports.admin.configure(change.topic, change.config)
        break
      case 'set-compatibility':
        await ports.registry?.setCompatibility(change.subject, change.level)
        break
      case 'register-schema':
        await ports.registry?.register(change.subject, change.schema)
        break
    }
  }
}

/** With fewer replicas than stated in-sync ones, no write with acks=all would ever succeed. */
function fitted(config: TopicDef['config'], replicas: number): Record<string, string> {
  const inSync = config['min.insync.replicas']
  return inSync === undefined
    ? { ...config }
    : {
        ...config,
        'min.insync.replicas': String(Math.min(Number(inSync), Math.max(1, replicas - 1))),
      }
}

function creation(topic: PlannedTopic): TopicChange {
  const config = Object.entries(topic.config).map(([key, value]) => `${key}=${value}`)
  const line = `create topic ${topic.name}: ${topic.partitions} partitions, ${topic.replicas} replicas, ${config.join(', ')}`
  return { kind: 'create-topic', topic, line }
}

function configuration(
  topic: string,
  stated: Readonly<Record<string, string>>,
  actual: Readonly<Record<string, string>>,
): TopicChange | null {
  const differing = Object.keys(stated).filter((key) => stated[key] !== actual[key])
  if (differing.length === 0) return null
  const parts = differing.map((key) => `${key} ${actual[key] ?? 'unset'} -> ${stated[key]}`)
  return {
    kind: 'configure-topic',
    topic,
    // All of it, not the difference alone: Kafka's AlterConfigs resets what is not named.
    config: stated,
    line: `configure topic ${topic}: ${parts.join(', ')}`,
  }
}

function partitionFault(def: TopicDef, actual: number): string | null {
  if (def.role === 'internal' && actual !== def.partitions) {
    return `topic ${def.name} has ${actual} partitions and ${def.partitions} are stated: state is kept by partition, so never change them; delete the topic while it is empty, or begin a new generation`
  }
  if (actual >= def.partitions) return null
  return `topic ${def.name} has ${actual} partitions and ${def.partitions} are stated: add partitions with kafka-topics --alter --topic ${def.name} --partitions ${def.partitions}`
}

async function planSchema(
  registry: SchemaRegistryPort,
  def: TopicDef,
  changes: TopicChange[],
  faults: string[],
): Promise<void> {
  if (def.schema === null || def.compatibility === null) return
  const subject = subjectOf(def.name)
  const schema = schemaText(def.schema)
  const latest = await registry.latest(subject)
  const registered = latest !== null && (await registry.lookUp(subject, schema)) !== null
  if (latest !== null && !registered && !(await registry.isCompatible(subject, schema))) {
    faults.push(
      `schema ${def.schema} cannot follow version ${latest.version} of ${subject} (${def.compatibility}): give new fields a default, and keep names and types`,
    )
    return
  }
  if (!registered) {
    const after = latest === null ? 'the first' : `after version ${latest.version}`
    const line = `register schema ${def.schema} under ${subject}, ${after}`
    changes.push({ kind: 'register-schema', subject, schema, line })
  }
  const level = latest === null ? null : await registry.compatibility(subject)
  if (level !== def.compatibility) {
    const line = `set compatibility of ${subject}: ${level ?? 'unset'} -> ${def.compatibility}`
    changes.push({ kind: 'set-compatibility', subject, level: def.compatibility, line })
  }
}
