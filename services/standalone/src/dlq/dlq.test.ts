/** Dead letters of producers' records as ingest makes them, counted, shown and sent back. */
import {
  localCatalogue,
  RegistryUnavailableError,
  type SchemaCatalogue,
  topics,
} from '@holdpoint/contracts'
import { LogWriteError } from '@holdpoint/log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { event, type Kit, login, startKit, told } from '../../test/dead-letter-kit.ts'
import { groupLines } from './list.ts'
import { receiptOf } from './receipts.ts'
import { outcomeLines } from './redrive.ts'
import { findLetter, letterJson, letterLines } from './show.ts'

let kit: Kit
beforeEach(async () => {
  kit = await startKit()
})
afterEach(() => kit.stop())

describe('an event whose login came too late', () => {
  beforeEach(async () => {
    await kit.startIngest()
    await kit.produce(topics.action, event('act', 'action', { action: { name: 'page.view' } }))
    await kit.read('session.action.dlq', 1)
    await kit.produce(topics.login, login('login'))
    await kit.events('login', 1)
  })

  test('is counted with its stage, code and a place to look at', async () => {
    const [group, ...others] = await kit.list()
    expect(others).toEqual([])
    expect(group).toMatchObject({
      topic: 'session.action.dlq',
      stage: 'resolve',
      code: 'unknown_session',
      count: 1,
      sentBack: 0,
      example: 'session.action.dlq 0:0',
    })
    expect(groupLines([group].flatMap((one) => one ?? [])).join('\n')).toMatch(
      /^TOPIC .*\nsession\.action\.dlq +resolve +unknown_session +1 +0 .* session\.action\.dlq 0:0$/,
    )
  })

  test('is shown with where it came from, why it was refused, and that its bytes are sound', async () => {
    const lines = letterLines(await kit.show('session.action.dlq', 0, 0)).join('\n')
    expect(lines).toContain('came from  session.action 0:0')
    expect(lines).toContain('unknown_session: The event names no subject, and no login')
    expect(lines).toContain('attempts   4')
    expect(lines).toContain('"id": "act"')
    expect(lines).toMatch(/faults as of now\n {2}none in its bytes$/)
  })

  test('is sent back once, and not by a dry run', async () => {
    expect(told(await kit.redrive({ dryRun: true }))).toEqual({ 'unknown_session sent': 1 })
    expect((await kit.list())[0]?.sentBack).toBe(0)
    expect(told(await kit.redrive())).toEqual({ 'unknown_session sent': 1 })
    const [found] = await kit.events('act', 1)
    expect(found?.event.subject.id).toBe('alice')
    expect((await kit.list())[0]?.sentBack).toBe(1)
    expect(told(await kit.redrive())).toEqual({ 'unknown_session sent_back_before': 1 })
    expect(await kit.events('act', 1)).toHaveLength(1)
  })

  test('is sent back once more where that is asked for, and one alone too', async () => {
    await kit.redrive()
    expect(told(await kit.redrive({ again: true }))).toEqual({ 'unknown_session sent': 1 })
    const only = { topic: 'session.action.dlq', partition: 0, offset: 0 }
    expect(told(await kit.redrive({ only, topics: [only.topic] }))).toEqual({
      'unknown_session sent': 1,
    })
    expect(await kit.events('act', 3)).toHaveLength(3)
  })

  test('is sent back again where the receipt was not written', async () => {
    const { log } = kit
    const deaf: Kit['log'] = {
      ...log,
      async writer() {
        const writer = await log.writer()
        return {
          ...writer,
          append: (topic, records) =>
            topic.endsWith('.dlq')
              ? Promise.reject(new LogWriteError('log_unavailable', 'no broker answers', true))
              : writer.append(topic, records),
        }
      },
    }
    await expect(kit.redrive({ log: deaf })).rejects.toThrow(
      '1 were sent back, then: no broker answers\nMend it and run it again',
    )
    expect(told(await kit.redrive())).toEqual({ 'unknown_session sent': 1 })
  })
})

describe('a record that is no event', () => {
  const poison = Buffer.from([0x00, 0xff, 0x00, 0x80, 0x7b])
  const key = Buffer.from([0x80, 0x00])
  const headers = { traceparent: 'none', raw: Buffer.from([0xff, 0x00]), two: ['a', 'b'] }

  test('goes back to its own partition byte for byte, and says what it was', async () => {
    await kit.startIngest()
    await kit.produce(topics.any, poison, { partition: 2, key, headers })
    await kit.read('session.events.dlq', 1)
    expect(told(await kit.redrive())).toEqual({ 'schema_unknown sent': 1 })
    const [original, sent] = await kit.read(topics.any, 2)
    expect(sent).toMatchObject({ partition: 2, key, value: poison })
    expect(sent?.headers).toEqual({
      ...original?.headers,
      'holdpoint.redrive.of': Buffer.from('session.events.dlq:2:0'),
      'holdpoint.redrive.attempts': Buffer.from('1'),
    })
  })

  test('that is refused again is a new letter, with its count', async () => {
    await kit.startIngest()
    await kit.produce(topics.any, poison, { partition: 2, key, headers })
    await kit.read('session.events.dlq', 1)
    await kit.redrive()
    await kit.read('session.events.dlq', 3)
    expect(told(await kit.redrive())).toEqual({
      'schema_unknown sent': 1,
      'schema_unknown sent_back_before': 1,
    })
    const letters = await kit.read('session.events.dlq', 5)
    const counts = letters.map((one) => String(one.headers['holdpoint.redrive.attempts'] ?? ''))
    // A letter, its receipt, the letter that came of it, and so on; which comes first is ingest's.
    expect(counts.filter((count) => count !== '')).toEqual(['1', '2'])
    const [again] = letters.filter(
      (one) => String(one.headers['holdpoint.redrive.attempts']) === '1',
    )
    const lines = letterLines(await kit.show('session.events.dlq', 2, again?.offset ?? -1)).join(
      '\n',
    )
    expect(lines).toContain('redriven   1 time, last from session.events.dlq:2:0')
  })

  test('is left where only other bytes could mend it, unless its code is named', async () => {
    await kit.startIngest()
    await kit.produce(topics.login, 'not json at all')
    await kit.produce(topics.login, '{"id": ')
    await kit.read('session.login.dlq', 2)
    expect(told(await kit.redrive())).toEqual({
      'no_magic_byte bytes_at_fault': 1,
      'not_json bytes_at_fault': 1,
    })
    const named = await kit.redrive({ code: 'not_json', dryRun: true })
    expect(outcomeLines(named, true)).toEqual([
      'would send back  1  session.login.dlq  decode  not_json',
    ])
  })
})

test('what one filter passed over is not lost to the next', async () => {
  await kit.startIngest()
  for (let n = 0; n < 6; n++) {
    const unknown = event(`e-${n}`, 'action')
    await kit.produce(topics.action, n % 2 === 0 ? unknown : Buffer.from([0, 0xff, 0, 0, n]))
  }
  await kit.read('session.action.dlq', 6)
  expect(told(await kit.redrive({ code: 'unknown_session', limit: 2 }))).toEqual({
    'unknown_session sent': 2,
  })
  expect(told(await kit.redrive({ code: 'schema_unknown' }))).toEqual({ 'schema_unknown sent': 3 })
  await kit.read('session.action.dlq', 6 + 2 + 5)
  const first = { since: Date.now() + 60_000 }
  expect(await kit.redrive(first)).toEqual([])
  const outcomes = told(await kit.redrive())
  expect(outcomes['unknown_session sent_back_before']).toBe(2)
  expect(outcomes['schema_unknown sent_back_before']).toBe(3)
  // The one that the limit left, and the five that were refused again.
  expect(outcomes['unknown_session sent']).toBe(3)
  expect(outcomes['schema_unknown sent']).toBe(3)
})

describe('what a producer writes', () => {
  const hostile = '\u001b[2J\u009b31m\r\nall is well\u202e'

  test('cannot steer the terminal that a letter is shown on', async () => {
    await kit.startIngest()
    const value = event('x', 'login', { [hostile]: hostile, client: { ip: hostile } })
    const headers = { [hostile]: hostile, 'holdpoint.redrive.of': hostile }
    await kit.produce(topics.login, value, { key: Buffer.from(hostile), headers })
    await kit.produce(topics.login, hostile)
    await kit.read('session.login.dlq', 2)
    for (const offset of [0, 1]) {
      const shown = await kit.show('session.login.dlq', 0, offset)
      const lines = [...letterLines(shown), letterJson(shown)]
      expect(lines.filter((line) => /[\p{C}\p{Zl}\p{Zp}]/u.test(line))).toEqual([])
      expect(JSON.parse(letterJson(shown)).value.bytes).toBe(offset === 0 ? value : hostile)
    }
    const lines = letterLines(await kit.show('session.login.dlq', 0, 0)).join('\n')
    expect(lines).toContain('key        \\u{1b}[2J\\u{9b}31m\\u{d}\\u{a}all is well\\u{202e}')
    expect(lines).toMatch(/faults as of now\n.*client\.ip +bad_address/)
  })

  test('is not unfolded where it is nested without end', async () => {
    await kit.startIngest()
    await kit.produce(topics.login, `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)
    await kit.read('session.login.dlq', 1)
    const shown = await kit.show('session.login.dlq', 0, 0)
    expect(shown.value).toMatchObject({ form: 'bytes', faults: [{ code: 'too_deep' }] })
    expect(letterLines(shown).length).toBeLessThan(50)
  })

  test('cannot pass for a receipt, and so hide letters', async () => {
    await kit.startIngest()
    const headers = receiptOf(0, [0, 1, 2]).headers ?? {}
    await kit.produce(topics.action, null, { headers })
    await kit.produce(topics.action, event('act', 'action'), { headers })
    await kit.read('session.action.dlq', 2)
    expect((await kit.list()).map(({ sentBack }) => sentBack)).toEqual([0, 0])
    expect(told(await kit.redrive({ code: 'unknown_session' }))).toEqual({
      'unknown_session sent': 1,
    })
  })
})

describe('a letter that cannot go back', () => {
  const letter = (more: Record<string, string>) => ({
    'holdpoint.error.topic': topics.login,
    'holdpoint.error.partition': '7',
    'holdpoint.error.offset': '3',
    'holdpoint.error.stage': 'decode',
    'holdpoint.error.code': 'schema_unknown',
    ...more,
  })

  test('is left with the reason: its value is cut off, or its topic is another', async () => {
    const dlq = 'session.login.dlq'
    await kit.produce(dlq, null, { headers: letter({ 'holdpoint.error.truncated': 'value' }) })
    await kit.produce(dlq, 'x', { headers: letter({ 'holdpoint.error.topic': topics.internal }) })
    await kit.produce(dlq, 'x', { headers: letter({ 'holdpoint.error.offset': '-1' }) })
    expect(told(await kit.redrive())).toEqual({
      'schema_unknown not_whole': 1,
      'schema_unknown no_origin': 2,
    })
  })

  test('does not keep others of its batch back where it is too large for its topic', async () => {
    const dlq = 'session.login.dlq'
    await kit.produce(dlq, 'small', { headers: letter({}) })
    await kit.produce(dlq, Buffer.alloc(2_000_000), { headers: letter({}) })
    await kit.produce(dlq, 'small too', { headers: letter({}) })
    expect(told(await kit.redrive())).toEqual({
      'schema_unknown sent': 2,
      'schema_unknown too_large': 1,
    })
    // Of seven partitions the topic had, three are left.
    const sent = await kit.read(topics.login, 2)
    expect(sent.map(({ partition, value }) => [partition, String(value)])).toEqual([
      [1, 'small'],
      [1, 'small too'],
    ])
  })
})

test('a registry that is away is said, and the bytes are shown all the same', async () => {
  await kit.startIngest()
  await kit.produce(topics.login, Buffer.from([0, 0, 0, 0, 9, 1, 2]))
  await kit.read('session.login.dlq', 1)
  const away: SchemaCatalogue = {
    ...localCatalogue(),
    known: () => undefined,
    fetch: () => Promise.reject(new RegistryUnavailableError('the registry gives no answer')),
  }
  const place = { topic: 'session.login.dlq', partition: 0, offset: 0 }
  const shown = await findLetter(kit.log, place, away)
  expect(shown.value).toMatchObject({
    form: 'bytes',
    schemaId: 9,
    faults: [{ code: 'registry_unavailable', message: 'the registry gives no answer' }],
  })
  expect(letterLines(shown)).toContain('value, not decoded (7 bytes, schema 9)')
})

describe('one run at a time', () => {
  test('a second one gives up, and the first goes on', async () => {
    await kit.startIngest()
    await kit.produce(topics.action, event('act', 'action'))
    await kit.read('session.action.dlq', 1)
    let begin = (): void => undefined
    const began = new Promise<void>((resolve) => {
      begin = resolve
    })
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { log } = kit
    const slow: Kit['log'] = {
      ...log,
      async writer() {
        const writer = await log.writer()
        return {
          ...writer,
          async append(topic, records) {
            begin()
            await released
            await writer.append(topic, records)
          },
        }
      },
    }
    const first = kit.redrive({ log: slow })
    await began
    await expect(kit.redrive({ patience: { newcomerMs: 50 } })).rejects.toThrow(
      'somebody else reads in the group holdpoint-dlq-redrive',
    )
    release()
    expect(told(await first)).toEqual({ 'unknown_session sent': 1 })
    expect(told(await kit.redrive())).toEqual({ 'unknown_session sent_back_before': 1 })
  })
})

describe('a run beside another', () => {
  beforeEach(async () => {
    await kit.startIngest()
    await kit.produce(topics.action, event('act', 'action'))
    await kit.read('session.action.dlq', 1)
  })

  test('that looked before the other ended, and joined after it, sends nothing twice', async () => {
    const { log } = kit
    const late: Kit['log'] = {
      ...log,
      reader(options) {
        const reader = log.reader(options)
        return {
          ...reader,
          async start(handlers) {
            expect(told(await kit.redrive())).toEqual({ 'unknown_session sent': 1 })
            // Sent back and refused again by ingest: a new letter, which this run takes.
            await kit.read('session.action.dlq', 3)
            await reader.start(handlers)
          },
        }
      },
    }
    expect(told(await kit.redrive({ log: late }))).toEqual({
      'unknown_session sent': 1,
      'unknown_session sent_back_before': 1,
    })
    const copies = (await kit.read(topics.action, 3)).map(({ headers }) =>
      String(headers['holdpoint.redrive.attempts'] ?? '0'),
    )
    expect(copies).toEqual(['0', '1', '2'])
  })

  test('that only looks is not kept out, and keeps none out', async () => {
    const { log } = kit
    let looked: Awaited<ReturnType<Kit['redrive']>> | undefined
    const busy: Kit['log'] = {
      ...log,
      async writer() {
        const writer = await log.writer()
        return {
          ...writer,
          async append(topic, records) {
            looked ??= await kit.redrive({ dryRun: true, patience: { newcomerMs: 50 } })
            await writer.append(topic, records)
          },
        }
      },
    }
    expect(told(await kit.redrive({ log: busy }))).toEqual({ 'unknown_session sent': 1 })
    expect(told(looked ?? [])).toEqual({ 'unknown_session sent': 1 })
  })
})

describe('nothing to be found', () => {
  test('says so where the code is none that this release gives', async () => {
    const code = 'unknown_sesion'
    const foreign = expect.stringContaining(`this release gives no code '${code}'`)
    expect(groupLines(await kit.list({ code }), code)).toEqual(['no dead letters', foreign])
    expect(outcomeLines(await kit.redrive({ code }), false, code)).toEqual([
      'no dead letters to send back',
      foreign,
    ])
    expect(groupLines([], 'too_old')).toEqual(['no dead letters'])
  })

  test('is said', async () => {
    expect(groupLines(await kit.list())).toEqual(['no dead letters'])
    expect(outcomeLines(await kit.redrive(), false)).toEqual(['no dead letters to send back'])
    await expect(kit.show('session.login.dlq', 0, 4)).rejects.toThrow(
      'session.login.dlq holds nothing in partition 0: holdpoint dlq ls tells where something is',
    )
    await expect(kit.show('session.login.dlq', 9, 4)).rejects.toThrow(
      'session.login.dlq has partitions 0 to 2, and no 9',
    )
    await kit.produce('session.login.dlq', 'x')
    await expect(kit.show('session.login.dlq', 0, 4)).rejects.toThrow(
      'session.login.dlq holds offsets 0 to 0 in partition 0, and no 4',
    )
    await expect(kit.show('session.login.dlq', 0, 0)).rejects.toThrow('is no dead letter')
  })

  test('of a topic that is not there names the mend', async () => {
    await expect(kit.list({ topics: ['absent.dlq'] })).rejects.toThrow(
      'missing topics: absent.dlq. Create them with: holdpoint topics apply',
    )
  })
})
