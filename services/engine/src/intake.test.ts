import { encodeLogRecord, localCatalogue, type SchemaCatalogue } from '@holdpoint/contracts'
import type { Batch } from '@holdpoint/log'
import type { LogRecord } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { Intake, Room } from './intake.ts'
import { login, tick } from './testing/events.ts'

const catalogue = localCatalogue()
const batch = (offset: number, records: readonly LogRecord[]): Batch => ({
  topic: 'holdpoint.events',
  partition: 0,
  high: offset + records.length,
  records: records.map((record, i) => ({
    offset: offset + i,
    timestamp: 0,
    key: null,
    value: encodeLogRecord(record),
    headers: {},
  })),
})
const logins = (count: number) => Array.from({ length: count }, (_, i) => login(`s-${i}`, 's'))
const intakeOf = (room = new Room(20_000), from: SchemaCatalogue = catalogue) => {
  const intake = new Intake(room, from)
  intake.reset(0)
  return intake
}
const offsets = (intake: Intake) => intake.take().map(({ stored }) => stored.offset)

describe('intake', () => {
  it('takes batches only where they go on without a hole', () => {
    const intake = intakeOf()
    expect(intake.fits(batch(1, logins(2)))).toBe(false)
    intake.push(batch(0, logins(2)))
    expect(intake.fits(batch(2, logins(1)))).toBe(true)
    expect(intake.fits(batch(1, logins(2)))).toBe(false)
    const holed = batch(2, logins(3))
    expect(intake.fits({ ...holed, records: holed.records.filter((_, i) => i !== 1) })).toBe(false)
  })

  it('lets a tick stand only first', () => {
    const intake = intakeOf()
    intake.push(batch(0, [...logins(2), tick(5), ...logins(1), tick(6)]))
    expect([offsets(intake), offsets(intake), offsets(intake), offsets(intake)]).toEqual([
      [0, 1],
      [2, 3],
      [4],
      [],
    ])
  })

  it('gives at most 1,000 records at once, and forgets none', () => {
    const intake = intakeOf()
    intake.push(batch(0, logins(1_500)))
    intake.push(batch(1_500, logins(700)))
    const groups = [offsets(intake), offsets(intake), offsets(intake)]
    expect(groups.map((group) => group.length)).toEqual([1_000, 1_000, 200])
    expect(groups.flat()).toEqual(Array.from({ length: 2_200 }, (_, i) => i))
    expect(intake.queued).toBe(0)
  })

  it('gives at most 1 MiB at once', () => {
    const big = (n: number): LogRecord => {
      const record = login(`s-${n}`, 's')
      if (record.kind !== 'event') return record
      return { ...record, event: { ...record.event, privileges: ['x'.repeat(50_000)] } }
    }
    const intake = intakeOf()
    intake.push(
      batch(
        0,
        Array.from({ length: 30 }, (_, i) => big(i)),
      ),
    )
    expect(offsets(intake).length).toBeLessThan(22)
  })

  it('lets a record whose schema is still to be fetched stand alone', () => {
    const unknown = Buffer.from([0, 0, 0, 1, 1, 0])
    const intake = intakeOf()
    const records = batch(0, logins(3)).records.map((record, i) =>
      i === 1 ? { ...record, value: unknown } : record,
    )
    intake.push({ ...batch(0, []), records })
    expect([offsets(intake), offsets(intake), offsets(intake)]).toEqual([[0], [1], [2]])
  })

  it('counts what is queued into the room that all partitions share', async () => {
    const room = new Room(10)
    const [one, two] = [intakeOf(room), intakeOf(room)]
    one.push(batch(0, logins(6)))
    two.push(batch(0, logins(6)))
    let entered = false
    const waiting = room
      .wait(() => false)
      .then(() => {
        entered = true
      })
    await new Promise(setImmediate)
    expect(entered).toBe(false)
    one.take()
    await waiting
    expect(room.used).toBe(6)
    two.reset(0)
    expect(room.used).toBe(0)
  })
})
