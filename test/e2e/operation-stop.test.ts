/** A stop is quick and leaves nothing behind, whatever is under way or away. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectedDecisions, type Load, steadyLoad } from './operation-log.ts'
import { openScene, type Scene } from './operation-scene.ts'
import { endedBy, leavesProcesses, ports, type Running, until } from './operation-services.ts'
import { unique } from './platform.ts'
import { type RawEvent, rawEvents } from './population.ts'

const stopMs = 5_000
/** From the end of a stop to the end of the process, on a machine with other work. */
const exitMs = 500
const mark = unique('stop')

let scene: Scene
let events: Iterator<RawEvent>
let load: Load
let engines: [Running, Running]
let ingest: Running
/** Ids of events that somebody was told are taken. */
const taken: string[] = []

const ready = (service: Running) => until('the service is ready', () => service.ready(), 40_000)
const ownsAll = async (service: Running) =>
  (await service.probe('readyz')).checks['partitions']?.detail === '24 partitions'

/** Notes what a load sends. */
function* noted(of: Iterable<RawEvent>): Generator<RawEvent> {
  for (const event of of) {
    yield event
    taken.push(event.id)
  }
}

/** Posts events one after the other until nobody listens; notes those that were accepted. */
async function postUntilRefused(): Promise<number> {
  const url = `http://127.0.0.1:${ports.http}/v1/events`
  const headers = { 'content-type': 'application/json' }
  let accepted = 0
  for (const event of rawEvents({ seed: 5, mark: unique('http'), people: 50, count: 100_000 })) {
    try {
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(event) })
      await response.arrayBuffer()
      if (response.status !== 202) continue
      taken.push(event.id)
      accepted += 1
    } catch {
      break
    }
  }
  return accepted
}

/** A request whose last byte is held back, on a connection that its client does not close. */
function holdRequest(body: string) {
  const socket = connect(Number(ports.http), '127.0.0.1')
  let answer = ''
  let connected = false
  socket.once('connect', () => {
    connected = true
  })
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  const length = Buffer.byteLength(body)
  socket.write(
    `POST /v1/events HTTP/1.1\r\nhost: ingest\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body.slice(0, -1)}`,
  )
  return {
    connected: () => connected,
    finish: () => void socket.write(body.slice(-1)),
    async status() {
      await until('the request is answered', () => answer.includes('\r\n'))
      return Number(answer.split(' ')[1])
    },
    close: () => socket.destroy(),
  }
}

const members = async (groupId: string): Promise<number> => {
  const admin = scene.platform.kafka.admin()
  await admin.connect()
  const { groups } = await admin.describeGroups([groupId])
  await admin.disconnect()
  return groups[0]?.members.length ?? 0
}

beforeAll(async () => {
  scene = await openScene()
  events = noted(rawEvents({ seed: 3, mark, people: 300, count: 1_000_000 }))
  engines = [scene.engine(0), scene.engine(1)]
  ingest = scene.ingest()
  await Promise.all([...engines, ingest].map(ready))
  load = steadyLoad(scene.producer, events, 400)
}, 180_000)
afterAll(() => scene?.close())

describe('a stop under load', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'of an engine (%s) ends within 5 s with code 0, and the other member has its partitions at once',
    async (signal) => {
      const before = load.sent()
      await until('work is under way', () => load.sent() > before + 800)
      const [first, second] = engines
      const { code, ms } = await endedBy(first, signal)
      expect({ code, left: leavesProcesses(first) }).toEqual({ code: 0, left: false })
      expect(ms).toBeLessThan(stopMs)
      const handedOverMs = await until('the partitions are handed over', () => ownsAll(second))
      // Without leaving, its session would have to pass: 10 s.
      expect(handedOverMs).toBeLessThan(stopMs)
      console.info(`${signal}: engine stopped in ${ms} ms, taken over in ${handedOverMs} ms`)
      engines = [scene.engine(0), second]
      await ready(engines[0])
    },
  )

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'of ingest (%s) ends within 5 s with code 0, and its group is empty',
    async (signal) => {
      const posting = postUntilRefused()
      const before = load.sent()
      await until('work is under way', () => load.sent() > before + 800)
      const { code, ms } = await endedBy(ingest, signal)
      expect({ code, left: leavesProcesses(ingest) }).toEqual({ code: 0, left: false })
      expect(ms).toBeLessThan(stopMs)
      expect(await members('holdpoint-ingest')).toBe(0)
      expect(await posting).toBeGreaterThan(0)
      console.info(`${signal}: ingest stopped in ${ms} ms`)
      ingest = scene.ingest()
      await ready(ingest)
    },
  )

  it('of ingest answers the request in hand, and waits for no client that keeps its connection', async () => {
    const [event] = rawEvents({ seed: 9, mark: unique('held'), people: 1, count: 1 })
    const held = holdRequest(JSON.stringify(event))
    await until('the request is under way', () => held.connected())
    const end = endedBy(ingest, 'SIGTERM')
    await until('it is stopping', () => ingest.log().includes('"stopping"'))
    held.finish()
    expect(await held.status()).toBe(202)
    taken.push(event?.id ?? '')
    const { code, ms } = await end
    held.close()
    ingest = scene.ingest()
    await ready(ingest)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(stopMs)
  })

  it('loses nothing and leaves nothing half done', async () => {
    await load.stop()
    await until('all is logged', async () => (await scene.logged()).size >= taken.length)
    await scene.caughtUp(20_000)
    const logged = await scene.logged()
    expect(taken.filter((id) => !logged.has(id))).toEqual([])
    await until('the outbox is empty', async () => (await scene.platform.outbox()) === 0)
    const log = await scene.platform.read('holdpoint.events')
    const expected = expectedDecisions(log, scene.catalogue)
    expect(expected.length).toBeGreaterThan(20)
    // Not even a repeat: who stops in order has nothing to say twice.
    expect(await scene.published()).toEqual(expected)
    expect([...logged.values()].filter((times) => times > 1)).toEqual([])
  })
})

describe('a stop ends in time', () => {
  it.each(['redis', 'kafka'] as const)(
    'while %s hangs',
    async (part) => {
      load = steadyLoad(scene.producer, events, 400)
      const before = load.sent()
      await until('work is under way', () => load.sent() > before + 800)
      scene[part].pause()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const posting = postUntilRefused()
      const ends = await Promise.all([engines[0], ingest].map((one) => endedBy(one, 'SIGTERM')))
      console.info(
        `${part} hangs: ${ends.map(({ code, ms }) => `${ms} ms, code ${code}`).join('; ')}`,
      )
      for (const { ms } of ends) expect(ms).toBeLessThan(stopMs + exitMs)
      for (const one of [engines[0], ingest]) expect(leavesProcesses(one)).toBe(false)
      scene[part].resume()
      await posting
      engines = [scene.engine(0), engines[1]]
      ingest = scene.ingest()
      await Promise.all([...engines, ingest].map(ready))
      await load.stop()
    },
    120_000,
  )

  it('at once at a second signal', async () => {
    scene.kafka.pause()
    for (const one of [engines[0], ingest]) {
      one.signal('SIGTERM')
      await until('it is stopping', () => one.log().includes('"stopping"'))
      const { ms, code } = await endedBy(one, 'SIGINT')
      expect(ms).toBeLessThan(exitMs)
      expect(code).toBe(1)
    }
    scene.kafka.resume()
    engines = [scene.engine(0), engines[1]]
    ingest = scene.ingest()
    await Promise.all([...engines, ingest].map(ready))
  }, 60_000)

  it('and nothing is lost by any of it', async () => {
    await until('all is logged', async () => (await scene.logged()).size >= taken.length)
    await scene.caughtUp(20_000)
    const logged = await scene.logged()
    expect(taken.filter((id) => !logged.has(id))).toEqual([])
    await until('the outbox is empty', async () => (await scene.platform.outbox()) === 0)
    const log = await scene.platform.read('holdpoint.events')
    const published = [...new Set(await scene.published())]
    expect(published).toEqual(expectedDecisions(log, scene.catalogue))
  })
})
