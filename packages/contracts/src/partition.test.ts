import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { partitionOf, recordKey } from './index.ts'

test.each([
  // Kafka's own UtilsTest.testMurmur2, (hash & 0x7fffffff) % 1,000.
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('%s is placed as Java places it', (key, hash) => {
  expect(partitionOf(key, 1_000)).toBe((hash & 0x7fffffff) % 1_000)
})

test('any key is placed as the Java-compatible partitioner of kafkajs places it', () => {
  const partitioner = kafkajs.Partitioners.JavaCompatiblePartitioner()
  const partitionMetadata = Array.from({ length: 24 }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
  }))
  const keys = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.integer({ min: 1_300, max: 1_500 }).map((length) => 'é'.repeat(length)),
  )
  fc.assert(
    fc.property(keys, (key) => {
      const message = { key: Buffer.from(key), value: null }
      expect(partitionOf(key, 24)).toBe(partitioner({ topic: 't', partitionMetadata, message }))
    }),
    { numRuns: 200 },
  )
})

test('the record key is tenant and subject', () => {
  expect(recordKey('acme', 'a{b}c|d')).toBe('acme|a{b}c|d')
})
