import { errorCodes } from '@holdpoint/contracts'
import { engineErrorCodes } from '@holdpoint/engine'
import { ingestErrorCodes } from '@holdpoint/ingest'
import { afterEach, expect, test, vi } from 'vitest'
import { createProgram, everyCommand } from '../cli.ts'
import { partitionOffset, sinceTime, topicName } from './options.ts'
import { mendable } from './send-back.ts'

afterEach(() => vi.useRealTimers())

test.each([
  ['90s', '2026-11-22T09:58:30.000Z'],
  ['2h', '2026-11-22T08:00:00.000Z'],
  ['7d', '2026-11-15T10:00:00.000Z'],
  ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ['2026-11-20T12:00:00+01:00', '2026-11-20T11:00:00.000Z'],
])('--since %s is %s', (text, expected) => {
  vi.useFakeTimers({ now: Date.parse('2026-11-22T10:00:00.000Z') })
  expect(new Date(sinceTime(text)).toISOString()).toBe(expected)
})

test.each(['2', 'h', '-2h', '2w', 'yesterday', '2026-13-01', ''])(
  '--since %j is refused',
  (text) => {
    expect(() => sinceTime(text)).toThrow('Expected 90s, 30m, 2h, 7d or an ISO time')
  },
)

test('a place is partition and offset', () => {
  expect(partitionOffset('3:17')).toEqual({ partition: 3, offset: 17 })
  for (const text of ['3', '3:', ':17', '3:-1', '3:17:1', '3.0:1']) {
    expect(() => partitionOffset(text), text).toThrow('Expected partition:offset')
  }
})

test('a dead-letter topic is known by its own name and by that of its topic', () => {
  expect(topicName('session.login.dlq')).toBe('session.login.dlq')
  expect(topicName('session.login')).toBe('session.login.dlq')
  expect(() => topicName('session.stepup.required')).toThrow('Expected one of session.login.dlq')
})

test('each code that is sent back unasked is one that a release gives', () => {
  const codes = { ...errorCodes, ...ingestErrorCodes, ...engineErrorCodes }
  expect([...mendable].filter((code) => !(code in codes))).toEqual([])
})

test('--only without --topic is wrong usage', async () => {
  const program = createProgram({})
  for (const command of everyCommand(program))
    command.configureOutput({ writeErr: () => undefined })
  const words = ['dlq', 'redrive', '--only', '3:17']
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toMatchObject({
    message: "error: option '--only' needs '--topic'",
    exitCode: 1,
    name: 'CommanderError',
  })
})
