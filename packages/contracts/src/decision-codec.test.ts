import type { Decision } from '@holdpoint/risk'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sampleDecision } from '../fixtures/samples.ts'
import {
  CodecError,
  decisionHeaders,
  decisionToJson,
  decodeDecision,
  encodeDecision,
  localCatalogue,
} from './index.ts'

const catalogue = localCatalogue()
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const time = fc.integer({ min: 0, max: 253_402_300_799_999 })
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const evidence = fc.dictionary(
  fc.stringMatching(/^[a-z][A-Za-z]{0,12}$/),
  fc.oneof(text, fc.double({ noNaN: true }), fc.boolean()),
)

const decision: fc.Arbitrary<Decision> = fc
  .record({
    decisionId: text,
    decidedAt: time,
    supersedes: orNull(text),
    sessionId: orNull(text),
    notAfter: orNull(time),
    stepUp: orNull(fc.constant(sampleDecision().stepUp)),
    resolution: orNull(fc.constant(sampleDecision().resolution)),
    action: orNull(fc.record({ name: text })),
    evidence,
    controls: fc.array(text),
  })
  .map(({ notAfter, evidence: found, ...fields }) => {
    const sample = sampleDecision('session.risk.changed')
    return structuredClone({
      ...sample,
      ...fields,
      session: { ...sample.session, notAfter },
      reasons: [{ ...sample.reasons[0]!, evidence: found }],
    })
  })

describe('a decision on the wire', () => {
  test('what is written is read', () => {
    fc.assert(
      fc.property(decision, (value) => {
        expect(
          structuredClone(decodeDecision(catalogue, encodeDecision(catalogue, value))),
        ).toEqual(value)
      }),
    )
  })

  test('a value that the schema has no room for is refused by the decision that it stands in', () => {
    const bad = { ...sampleDecision(), rulesVersion: 0.5 }
    expect(() => encodeDecision(catalogue, bad)).toThrow(CodecError)
    expect(() => encodeDecision(catalogue, bad)).toThrow(/decision 1\.7\.4711\.0 .*rulesVersion/)
  })

  test('an unknown schema is told by its id, so that the reader can fetch it', () => {
    const bytes = encodeDecision(catalogue, sampleDecision())
    bytes.writeUInt32BE(42, 1)
    expect(() => decodeDecision(catalogue, bytes)).toThrow(
      expect.objectContaining({ code: 'schema_unknown', schemaId: 42 }),
    )
  })

  test('the JSON form has the same fields, with times as ISO 8601', () => {
    const json = decisionToJson(sampleDecision())
    expect(Object.keys(json)).toEqual(Object.keys(sampleDecision()))
    expect(json).toMatchObject({
      decidedAt: '2026-11-22T10:00:00.000Z',
      validUntil: '2026-11-22T10:10:00.000Z',
      session: { status: 'step_up_required', notAfter: '2026-11-22T11:00:00.000Z' },
      stepUp: { deadline: '2026-11-22T10:10:00.000Z', acrValues: ['phr'] },
      resolution: {
        at: '2026-11-22T10:00:00.000Z',
        approval: { expiresAt: '2026-11-22T11:00:00.000Z' },
      },
    })
    const bare = { ...sampleDecision(), stepUp: null, resolution: null }
    expect(decisionToJson(bare)).toMatchObject({ stepUp: null, resolution: null })
  })

  test('its headers are those of CloudEvents 1.0 in binary mode', () => {
    expect(decisionHeaders(sampleDecision())).toEqual({
      ce_specversion: '1.0',
      ce_id: '1.7.4711.0',
      ce_source: '/holdpoint/acme',
      ce_type: 'io.holdpoint.session.stepup.required.v1',
      ce_time: '2026-11-22T10:00:00.000Z',
      ce_subject: 's-1',
      ce_partitionkey: 'acme|alice',
      'content-type': 'application/avro',
    })
    const ofSubject: Decision = { ...sampleDecision(), sessionId: null, scope: 'subject' }
    expect(decisionHeaders(ofSubject)['ce_subject']).toBe('alice')
  })
})
