import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { wallClock } from '@holdpoint/ingest'
import type { Decision } from '@holdpoint/risk'
import { createLogger } from '@holdpoint/runtime'
import { subscribe } from '@holdpoint/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compose } from './compose.ts'
import { decisionLine } from './dev/lines.ts'
import { statedOnly } from './testing.ts'

const tutorial = readFileSync(
  new URL('../../../docs/tutorial/first-step-up.md', import.meta.url),
  'utf8',
)

/** The bodies that the page posts, with its shell variables worked out as its own `node -p` does. */
function bodies(): readonly string[] {
  const blocks = [...tutorial.matchAll(/```sh\n((?:(?!```)[\s\S])*curl[\s\S]*?)```/g)]
  return blocks.map(([, block = '']) => {
    const variables = new Map(
      [...block.matchAll(/^(\w+)=\$\(node -p '(.*)'\)$/gm)].map(([, name = '', script = '']) => [
        name,
        String(runInContext(script, createContext({ Date }))),
      ]),
    )
    const body = /<<EOF\n([\s\S]*?)\nEOF/.exec(block)?.[1] ?? ''
    return body.replace(/\$(\w+)/g, (_match, name: string) => variables.get(name) ?? '')
  })
}

/** The lines that the page shows. */
const promised = [...tutorial.matchAll(/```text\n([\s\S]*?)\n```/g)].flatMap(([, block = '']) =>
  block.split('\n'),
)

const unpainted = (_style: unknown, text: string): string => text
const crashes: Error[] = []
const decisions: Decision[] = []
const composition = compose({
  clock: wallClock(),
  enrichment: statedOnly(),
  httpPort: 0,
  logger: createLogger({ service: 'test', level: 'silent' }),
  crash: (error) => crashes.push(error),
})
let subscription: ReturnType<typeof subscribe>

beforeAll(async () => {
  await composition.start()
  const { log, catalogue } = composition
  subscription = subscribe({
    log,
    catalogue,
    onDecision: (decision) => void decisions.push(decision),
  })
  await subscription.ready
})

afterAll(async () => {
  await subscription.close()
  await composition.stop()
})

async function post(body: string | undefined): Promise<void> {
  const response = await fetch(`${composition.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body ?? '',
  })
  expect(await response.text()).toBe('{"accepted":1}')
}

const shown = (): readonly string[] =>
  decisions.map((decision) => decisionLine(decision, unpainted).replace(/^\S+\s+/, ''))

test('the tutorial shows what happens: a step-up with both places within a second, and its answer', async () => {
  const [login, action, answer] = bodies()
  await post(login)
  await post(action)
  await expect.poll(() => decisions.length, { timeout: 1_000 }).toBe(2)
  expect(decisions[1]).toMatchObject({
    type: 'session.stepup.required',
    stepUp: { acrValues: ['phr'], maxAge: 300, rotate: true, prompt: true },
    risk: { level: 'HIGH', score: 720 },
  })
  expect(decisions[1]?.reasons[0]?.evidence).toMatchObject({
    previousPlace: 'London, GB',
    place: 'São Paulo, BR',
  })
  expect(shown()).toEqual(promised.slice(0, 2))

  await post(answer)
  await expect.poll(() => decisions.length, { timeout: 1_000 }).toBe(4)
  expect(decisions.slice(2).map(({ type }) => type)).toEqual([
    'session.stepup.resolved',
    'session.revoked',
  ])
  expect(subscription.posture('alice-1', 'alice')?.status).toBe('revoked')
  expect(shown()).toEqual(promised)
  expect(crashes).toEqual([])
})
