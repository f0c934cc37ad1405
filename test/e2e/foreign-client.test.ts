/** Somebody else's clients, which share no code with Holdpoint: plain kafkajs and the registry's own client. */
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  holdpoint,
  plainProducer,
  readUntil,
  startEngine,
  startIngest,
  unique,
} from './platform.ts'

const minute = 60_000
const london = {
  client: { ip: '81.2.69.142', ipTrust: 'socket', userAgent: 'Mozilla/5.0 Firefox/140.0' },
  network: { kind: 'residential', asn: 20712 },
  location: { latitude: 51.5, longitude: -0.1, radiusKm: 20, city: 'London', country: 'GB' },
}
const saoPaulo = {
  client: { ...london.client, ip: '177.32.0.10' },
  network: { kind: 'residential', asn: 28573 },
  location: { latitude: -23.5, longitude: -46.6, radiusKm: 20, city: 'São Paulo', country: 'BR' },
}

describe('a foreign client', () => {
  const registry = new SchemaRegistry({ host: process.env['HOLDPOINT_REGISTRY_URL'] ?? '' })
  const stops: (() => Promise<void>)[] = []
  let producer: Producer

  beforeAll(async () => {
    await holdpoint('topics', 'apply')
    const ingest = await startIngest('wall')
    stops.push(ingest.stop)
    const engine = await startEngine()
    stops.push(engine.stop)
    producer = await plainProducer()
    stops.push(() => producer.disconnect())
  }, 120_000)

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  it('writes Avro to the raw topics and reads decisions that its registry client decodes', async () => {
    const [subject, session] = [unique('alice'), unique('s')]
    const now = Date.now()
    const event = (type: string, minutesAgo: number, of: object) => ({
      id: unique(type),
      type,
      source: 'somebody',
      occurredAt: now - minutesAgo * minute,
      subject: { id: subject, kind: 'human' },
      sessionId: session,
      ...of,
    })
    const send = async (topic: string, value: object) => {
      const id = await registry.getLatestSchemaId(`${topic}-value`)
      const bytes = await registry.encode(id, value)
      await producer.send({ topic, messages: [{ key: session, value: bytes }] })
    }
    const login = event('login', 21, { ...london, assurance: { acr: 'aal1', amr: ['pwd'] } })
    await send('session.login', login)
    const act = event('action', 1, {
      ...saoPaulo,
      action: { name: 'profile.view', access: 'read' },
    })
    // Topics are not ordered among each other: the login is given time to arrive first.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await send('session.action', act)

    const ofMine = (seen: readonly { key: string }[]) =>
      seen.filter(({ key }) => key === `default|${subject}`)
    const seen = await readUntil(
      ['session.stepup.required'],
      (all) => ofMine(all).length > 0,
      30_000,
    )
    const [mine] = seen.filter(({ key }) => key === `default|${subject}`)
    const decision = await registry.decode(mine?.value ?? Buffer.alloc(0))
    expect(decision).toMatchObject({
      type: 'session.stepup.required',
      sessionId: session,
      session: { status: 'step_up_required', level: 'HIGH' },
      risk: { score: 720 },
      stepUp: { acrValues: ['phr'], rotate: true },
    })
    const travel = decision.reasons.find(
      ({ reason }: { reason: string }) => reason === 'IMPOSSIBLE_TRAVEL',
    )
    expect(travel.evidence).toMatchObject({ previousPlace: 'London, GB', place: 'São Paulo, BR' })
    expect(mine?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_id: decision.decisionId,
      ce_type: 'io.holdpoint.session.stepup.required.v1',
      ce_source: '/holdpoint/default',
      'content-type': 'application/avro',
    })
  })
})
