import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { fail, findingLine, ok } from './check.ts'
import { checkNode, examine, hintFor } from './doctor.ts'

/** A port on loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('where nothing is reachable the doctor says so of each part, quickly and with the mend', async () => {
  const port = await freePort()
  const begun = performance.now()
  const findings = await examine({
    HOLDPOINT_KAFKA_BROKERS: `127.0.0.1:${port}`,
    HOLDPOINT_REDIS_URL: `redis://127.0.0.1:${port}`,
    HOLDPOINT_REGISTRY_URL: `http://127.0.0.1:${port}`,
  })
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(findings.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'node ok',
    'kafka fail',
    'topics warn',
    'registry fail',
    'schemas warn',
    'redis fail',
    'clock warn',
    'geo data warn',
  ])
  const lines = findings.map(findingLine)
  expect(lines[1]).toMatch(
    /^fail {2}kafka +no answer from 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Start it, or set HOLDPOINT_KAFKA_BROKERS$/,
  )
  expect(lines[5]).toMatch(/^fail {2}redis .*ECONNREFUSED.*HOLDPOINT_REDIS_URL$/)
})

test('a wrong address is a fault of the configuration, by name', async () => {
  await expect(examine({ HOLDPOINT_KAFKA_BROKERS: 'nowhere' })).rejects.toThrow(
    'HOLDPOINT_KAFKA_BROKERS: expected host:port[,host:port], got "nowhere"',
  )
})

test('who has set no address is told where the local stack tells its own', () => {
  const away = [ok('node', '20.20.0'), fail('kafka', 'no answer', 'Start it')]
  expect(hintFor(away, {})).toMatch(/`npm run stack -- status`/)
  expect(hintFor(away, { HOLDPOINT_KAFKA_BROKERS: '127.0.0.1:9092' })).toBeNull()
  expect(hintFor([ok('kafka', '1 broker')], {})).toBeNull()
  expect(hintFor([fail('node', '18.0.0', 'Use 20')], {})).toBeNull()
})

test('an old Node is named', () => {
  expect(findingLine(checkNode('18.20.0'))).toBe(
    'fail  node       18.20.0. Use Node 20.19 or newer',
  )
  expect(checkNode('24.0.0').status).toBe('ok')
})
