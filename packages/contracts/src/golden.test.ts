import { readFileSync } from 'node:fs'
import type { DecisionType } from '@holdpoint/risk'
import { describe, expect, test } from 'vitest'
import {
  sampleControl,
  sampleDecision,
  sampleRawEvent,
  sampleRecord,
  typicalRecord,
} from '../fixtures/samples.ts'
import {
  decodeDecision,
  decodeLogRecord,
  decodeRaw,
  encodeDecision,
  encodeLogRecord,
  encodeRaw,
  localCatalogue,
  type RawEvent,
  rawTopics,
  topicTable,
} from './index.ts'

/** Bytes of the first release, in hex. They change only with a new release of the schema. */
const golden: Record<string, string> = JSON.parse(
  readFileSync(new URL('../fixtures/golden.json', import.meta.url), 'utf8'),
)
const catalogue = localCatalogue()
const bytesOf = (name: string) => Buffer.from(golden[name] ?? '', 'hex')

const typeFor: Record<string, RawEvent['type']> = {
  'session.login': 'login',
  'session.device': 'device',
  'session.ip': 'ip',
  'session.lifecycle': 'privilege-change',
}
const rawSample = (topic: string): RawEvent => ({
  ...sampleRawEvent,
  type: typeFor[topic] ?? 'action',
})
const decisionTypes = topicTable
  .filter(({ role, schema }) => role === 'decision' && schema !== null)
  .map(({ name }) => name as DecisionType)

describe('golden bytes', () => {
  test('every schema has its golden bytes', () => {
    const topics = topicTable.filter(({ schema }) => schema !== null).map(({ name }) => name)
    expect(Object.keys(golden).sort()).toEqual(
      [
        ...topics,
        'holdpoint.events tick',
        'holdpoint.events typical',
        'holdpoint.events control',
      ].sort(),
    )
  })

  test.each(rawTopics)('%s is written and read as in the first release', async (topic) => {
    expect(encodeRaw(catalogue, topic, rawSample(topic)).toString('hex')).toBe(golden[topic])
    const read = await decodeRaw(catalogue, topic, bytesOf(topic))
    expect(read).toEqual({ ok: true, event: rawSample(topic) })
  })

  test.each([
    ['holdpoint.events', sampleRecord],
    ['holdpoint.events typical', typicalRecord],
    ['holdpoint.events tick', { kind: 'tick', t: 1_795_341_600_000 } as const],
    ['holdpoint.events control', sampleControl],
  ])('%s is written and read as in the first release', (name, record) => {
    expect(encodeLogRecord(record).toString('hex')).toBe(golden[name])
    expect(decodeLogRecord(bytesOf(name))).toStrictEqual(record)
  })

  test.each(decisionTypes)('%s is written and read as in the first release', (type) => {
    const decision = sampleDecision(type)
    expect(encodeDecision(catalogue, decision).toString('hex')).toBe(golden[type])
    expect(decodeDecision(catalogue, bytesOf(type))).toStrictEqual(decision)
  })
})
