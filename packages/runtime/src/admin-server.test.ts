import { afterEach, describe, expect, it } from 'vitest'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import { createMetrics, createRegistry } from './metrics.ts'

let server: AdminServer
afterEach(() => server.close())

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server.url}${path}`)
  return { status: response.status, text: await response.text() }
}

describe('health and metrics', () => {
  it('answers 503 with each failed check named, and stays alive', async () => {
    server = await startAdminServer({
      host: '127.0.0.1',
      port: 0,
      metrics: createRegistry(),
      checks: {
        live: { loop: () => ({ ok: true }) },
        ready: {
          log: () => ({ ok: true }),
          index: () => {
            throw new Error('Redis does not answer')
          },
        },
        startup: {},
      },
    })
    expect(await get('/livez')).toEqual({
      status: 200,
      text: '{"status":"ok","checks":{"loop":{"ok":true}}}',
    })
    const ready = await get('/readyz')
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.text)).toEqual({
      status: 'unavailable',
      checks: { log: { ok: true }, index: { ok: false, detail: 'Redis does not answer' } },
    })
  })

  it('serves the metrics of every table in its registry and of no other', async () => {
    const registry = createRegistry()
    const metrics = createMetrics(registry, {
      events: {
        kind: 'counter',
        name: 'holdpoint_events_total',
        help: 'Events.',
        labels: ['source'],
      },
      age: { kind: 'gauge', name: 'holdpoint_age_seconds', help: 'Age.', labels: [] },
    })
    metrics.events.add(2, { source: 'http' })
    metrics.age.set(7)
    server = await startAdminServer({
      host: '127.0.0.1',
      port: 0,
      metrics: registry,
      checks: { live: {}, ready: {}, startup: {} },
    })
    const { text } = await get('/metrics')
    expect(text).toContain('holdpoint_events_total{source="http"} 2')
    expect(text).toContain('holdpoint_age_seconds 7')
    expect(await createRegistry().render()).not.toContain('holdpoint_')
  })

  it('refuses a metric outside the project prefix', () => {
    expect(() =>
      createMetrics(createRegistry(), {
        bad: { kind: 'counter', name: 'events', help: '', labels: [] },
      }),
    ).toThrow(/metric events: the name must begin with holdpoint_/)
  })
})
