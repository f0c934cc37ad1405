/** A stop goes on past what fails or hangs, and says what it was. */
import { embeddedLog, type Log, type LogReader } from '@holdpoint/log'
import { createLogger } from '@holdpoint/runtime'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Kit, startKit } from '../test/kit.ts'

let kit: Kit
let log: Log
afterEach(() => log.close())

/** Ingest whose reader stops as the test says, with what it logs from `warn` upwards. */
async function kitThatStops(stop: (reader: LogReader) => Promise<void>, stopMs?: number) {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  const logger = createLogger({ service: 'test', level: 'warn' }, { write })
  log = embeddedLog()
  const closed = vi.fn()
  const odd: Log = {
    ...log,
    async writer() {
      const writer = await log.writer()
      return {
        append: (topic, records) => writer.append(topic, records),
        async close() {
          closed()
          await writer.close()
        },
      }
    },
    reader(options) {
      const reader = log.reader(options)
      return new Proxy(reader, {
        get(target, name: keyof LogReader) {
          if (name === 'stop') return () => stop(target)
          const value = target[name]
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  kit = await startKit({ log: odd, logger, ...(stopMs === undefined ? {} : { stopMs }) })
  lines.length = 0
  return { lines, closed }
}

describe('a stop', () => {
  it('in order has nothing to say', async () => {
    const { lines, closed } = await kitThatStops((reader) => reader.stop())
    await kit.ingest.stop()
    expect(closed).toHaveBeenCalledOnce()
    expect(lines).toEqual([])
  })

  it('whose reader fails closes the rest, and says so', async () => {
    const { lines, closed } = await kitThatStops(async (reader) => {
      await reader.stop()
      throw new Error('cannot leave')
    })
    await kit.ingest.stop()
    expect(closed).toHaveBeenCalledOnce()
    expect(lines).toMatchObject([
      { level: 'warn', what: 'leaving the log', error: { message: 'cannot leave' } },
    ])
  })

  it('whose HTTP server fails leaves the log all the same, and says so', async () => {
    const { lines, closed } = await kitThatStops((reader) => reader.stop())
    const { app } = kit.ingest
    const close = app.close.bind(app)
    vi.spyOn(app, 'close').mockImplementation((async () => {
      await close()
      throw new Error('cannot close')
    }) as unknown as typeof app.close)
    await kit.ingest.stop()
    expect(closed).toHaveBeenCalledOnce()
    expect(lines).toMatchObject([
      { level: 'warn', what: 'closing the HTTP server', error: { message: 'cannot close' } },
    ])
  })

  it('whose reader hangs ends in time, and says what was cut off', async () => {
    let hanging: LogReader | undefined
    const { lines } = await kitThatStops((reader) => {
      hanging = reader
      return new Promise(() => undefined)
    }, 50)
    await kit.ingest.stop()
    expect(lines).toMatchObject([{ level: 'warn', what: 'leaving the log', afterMs: 50 }])
    await hanging?.stop()
  })
})
