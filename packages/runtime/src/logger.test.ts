import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

describe('logs', () => {
  it('are JSON with the service and no personal data or secrets', () => {
    const lines: string[] = []
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = createLogger({ service: 'holdpoint-ingest' }, sink)
    const client = { ip: '81.2.69.142', userAgent: 'Mozilla' }
    logger.warn({ client, event: { client }, authorization: 'Bearer x' }, 'refused')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      service: 'holdpoint-ingest',
      msg: 'refused',
      client: { ip: '[redacted]' },
      authorization: '[redacted]',
    })
    expect(lines[0]).not.toMatch(/81\.2|Mozilla|Bearer/)
  })
})
