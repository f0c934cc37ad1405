import { createClients, joinEnrichment, wallClock } from '@holdpoint/ingest'
import { createLogger } from '@holdpoint/runtime'
import { compose } from '@holdpoint/standalone'
import { expect, it, vi } from 'vitest'

it('hazard: a service does not hear that its reader died', async () => {
  const crashes: string[] = []
  const composition = compose({
    clock: wallClock(),
    enrichment: joinEnrichment({
      places: { edition: 0, lookup: () => null },
      networks: () => ({ kind: 'unknown', asn: 0 }),
      clients: createClients(),
    }),
    httpPort: 0,
    logger: createLogger({ service: 'test', level: 'silent' }),
    crash: (error) => crashes.push(error.message),
  })
  /** The end of each reader, by its group. */
  const deaths = new Map<string, (error: Error) => void>()
  const { log } = composition
  const open = log.reader
  vi.spyOn(log, 'reader').mockImplementation((options) => {
    const reader = open(options)
    return {
      ...reader,
      start: (handlers) => {
        deaths.set(options.groupId, handlers.onCrash)
        return reader.start(handlers)
      },
    }
  })
  await composition.start()
  expect([...deaths.keys()].sort()).toEqual(['holdpoint-engine', 'holdpoint-ingest'])
  for (const [group, die] of deaths) die(new Error(`the reader of ${group} died`))
  expect(crashes.sort()).toEqual([
    'the reader of holdpoint-engine died',
    'the reader of holdpoint-ingest died',
  ])
  await composition.stop()
})
