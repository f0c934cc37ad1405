import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decisionToJson } from '@holdpoint/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { statedOnly } from '../testing.ts'
import { openAlertFile } from './alert-file.ts'
import { type RunOptions, runReplay } from './run.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-replay-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const story = new URL('../../../../test/replay/07-victim-answers.ndjson', import.meta.url).pathname

function write(name: string, lines: readonly (string | object)[]): string {
  const file = join(folder, name)
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  return file
}

async function replay(file: string, options: Partial<RunOptions> = {}) {
  const output: string[] = []
  const bad: string[] = []
  const summary = await runReplay({
    file,
    enrichment: statedOnly(),
    partitions: 24,
    skipBad: false,
    onDecision: (decision) => void output.push(JSON.stringify(decisionToJson(decision))),
    onBad: (message) => void bad.push(message),
    onProgress: () => undefined,
    ...options,
  })
  return { summary, output, bad }
}

const action = (id: string, occurredAt: string, more: object = {}) => ({
  id,
  type: 'action',
  source: 'test',
  occurredAt,
  subject: { id: 'alice' },
  sessionId: 's-1',
  action: { name: 'orders.list' },
  ...more,
})

test('a file gives the same bytes each time', async () => {
  const [once, again] = [await replay(story), await replay(story)]
  expect(once.output.length).toBe(4)
  expect(again.output.join('\n')).toBe(once.output.join('\n'))
})

test('alerts of a file are written as they stand on the topic, one a line', async () => {
  const file = join(folder, 'alerts.ndjson')
  const alerts = await openAlertFile(file)
  await replay(story, { onAlert: alerts.write })
  await alerts.close()
  const told = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(told.map((line) => JSON.parse(line).class_uid)).toEqual(told.map(() => 2004))
  expect(told.length).toBe(7)
})

test("a file of alerts, which holds raw addresses, is its owner's alone", async () => {
  const file = join(folder, 'private.ndjson')
  const umask = process.umask(0)
  try {
    await (await openAlertFile(file)).close()
  } finally {
    process.umask(umask)
  }
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a file of alerts that cannot be written is a clear error', async () => {
  await expect(openAlertFile(join(folder, 'no', 'alerts.ndjson'))).rejects.toThrow(
    /cannot write .*alerts\.ndjson \(ENOENT\): name a new file/,
  )
})

test('a file that is there already is not overwritten by alerts', async () => {
  const file = write('kept.ndjson', ['{}'])
  await expect(openAlertFile(file)).rejects.toThrow('it is there already')
})

test('decisions come in the order of the lines that caused them, a deadline with the tick that passes it', async () => {
  const login = {
    ...action('1', '2026-11-21T09:00:00.000Z'),
    type: 'login',
    assurance: { amr: ['pwd'] },
  }
  const pays = { action: { name: 'payments.create', amount: 5_000 } }
  const bob = { subject: { id: 'bob' }, sessionId: 's-2' }
  const file = write('timers.ndjson', [
    login,
    { ...login, ...bob, id: '2', occurredAt: '2026-11-21T09:01:00.000Z' },
    action('3', '2026-11-21T10:00:00.000Z', pays),
    action('4', '2026-11-21T10:20:00.000Z', { ...bob, ...pays }),
  ])
  const { output } = await replay(file)
  const told = output.map((line) => JSON.parse(line))
  expect(told.map(({ type, subject, decidedAt }) => [type, subject.id, decidedAt])).toEqual([
    ['session.stepup.required', 'alice', '2026-11-21T10:00:00.000Z'],
    // Alice's step-up expires with the tick that Bob's payment brings along, and before that.
    ['session.stepup.resolved', 'alice', '2026-11-21T10:10:00.000Z'],
    ['session.stepup.required', 'bob', '2026-11-21T10:20:00.000Z'],
  ])
})

test('a bad line stops the replay and names line, field and mend', async () => {
  const file = write('bad.ndjson', [
    action('1', '2026-11-21T09:00:00.000Z'),
    '',
    action('2', '2026-11-21T09:01:00.000Z', { client: { ip: '999.1.1.1' } }),
  ])
  await expect(replay(file)).rejects.toThrow(
    `${file}:3 client.ip: expected an IPv4 or IPv6 address, as 192.0.2.1 or 2001:db8::1, without port or prefix (bad_address)`,
  )
})

test('bad lines are passed over and counted where that is asked for', async () => {
  const { subject: _, ...nobodys } = action('3', '2026-11-21T09:02:00.000Z')
  const file = write('skip.ndjson', [
    action('1', '2026-11-21T09:00:00.000Z'),
    'not json',
    'x'.repeat(700_000),
    nobodys,
    action('4', '2026-11-21T09:03:00.000Z'),
  ])
  const { summary, bad } = await replay(file, { skipBad: true })
  expect(summary).toEqual({ events: 2, decisions: 0, bad: 3 })
  expect(bad.map((message) => message.slice(file.length))).toEqual([
    expect.stringMatching(/^:2: expected one JSON object.*\(not_json\)$/),
    expect.stringMatching(/^:3: expected at most 65536 bytes.*\(too_large\)$/),
    expect.stringMatching(
      /^:4 sessionId: no login with this sessionId is known.*\(unknown_session\)$/,
    ),
  ])
})

test('what a bad line holds cannot steer the terminal it is reported on', async () => {
  const named = action('1', '2026-11-21T09:00:00.000Z', {
    client: { '\u001b[2J\nall is well': { constructor: 1 } },
  })
  const file = write('escapes.ndjson', [named])
  const { bad } = await replay(file, { skipBad: true })
  expect(bad).toEqual([
    `${file}:1 client.\ufffd[2J\ufffdall is well.constructor: no key may be named constructor: rename it (forbidden_key)`,
  ])
})

test('a file that is not there is a clear error', async () => {
  await expect(replay(join(folder, 'absent'))).rejects.toThrow(
    /cannot read .*absent \(ENOENT\): name a file/,
  )
})
