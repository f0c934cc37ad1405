/** A private platform with its topics, and the services that a test starts on it. */
import {
  decisionTopics as allDecisionTopics,
  decodeLogRecord,
  registryCatalogue,
  type SchemaCatalogue,
  topics,
} from '@holdpoint/contracts'
import type { Producer } from 'kafkajs'
import { vi } from 'vitest'
import { openPlatform, type Platform } from './operation-log.ts'
import { type Parts, startParts } from './operation-parts.ts'
import { type Running, runEngine, runIngest, until } from './operation-services.ts'
import { everyDecisionTopic, holdpoint } from './platform.ts'

export interface Scene extends Parts {
  readonly platform: Platform
  readonly catalogue: SchemaCatalogue
  readonly producer: Producer
  engine(which?: 0 | 1): Running
  ingest(): Running
  /** Resolves with the ms until all that the log held a second before, or later, is applied. */
  caughtUp(withinMs: number): Promise<number>
  /** Ids of events in the internal log, with how often each stands there. */
  logged(): Promise<ReadonlyMap<string, number>>
  /** Bytes of each decision that was published, or kept back on `session.shadow`, sorted. */
  published(): Promise<readonly string[]>
  /** Ends everything that it started. */
  close(): Promise<void>
}

export async function openScene(
  options: { readonly redisMaxMemory?: string } = {},
): Promise<Scene> {
  const parts = await startParts(options)
  try {
    for (const [name, value] of Object.entries(parts.addresses)) vi.stubEnv(name, value)
    await holdpoint('topics', 'apply')
    return await sceneOn(parts)
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function sceneOn(parts: Parts): Promise<Scene> {
  const services: Running[] = []
  const started = (service: Running): Running => {
    services.push(service)
    return service
  }
  const platform = await openPlatform(parts)
  const producer = platform.kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const catalogue = await registryCatalogue({
    url: process.env['HOLDPOINT_REGISTRY_URL'] ?? '',
    writes: [topics.internal, ...allDecisionTopics],
  })
  return {
    ...parts,
    platform,
    producer,
    catalogue,
    engine: (which = 0) => started(runEngine(parts.addresses, which)),
    ingest: () => started(runIngest(parts.addresses)),
    caughtUp: (withinMs) =>
      until('what is in the log is applied', () => appliedWithinASecond(platform), withinMs),
    async logged() {
      const ids = new Map<string, number>()
      for (const { value } of await platform.read(topics.internal)) {
        const record = decodeLogRecord(value ?? Buffer.alloc(0), catalogue)
        if (record.kind === 'event') ids.set(record.event.id, (ids.get(record.event.id) ?? 0) + 1)
      }
      return ids
    },
    async published() {
      const records = await Promise.all(everyDecisionTopic.map((topic) => platform.read(topic)))
      return records
        .flat()
        .map(({ value }) => value?.toString('hex') ?? '')
        .sort()
    },
    async close() {
      parts.kafka.resume()
      parts.redis.resume()
      for (const service of services) await service.kill()
      await producer.disconnect()
      await platform.close()
      await parts.stop()
      vi.unstubAllEnvs()
    },
  }
}

async function appliedWithinASecond(platform: Platform): Promise<boolean> {
  const highs = await platform.highs()
  const begun = performance.now()
  while (performance.now() - begun < 1_000) {
    const positions = await platform.positions()
    if (highs.every((high, at) => (positions[at] ?? 0) >= high)) return true
  }
  return false
}
