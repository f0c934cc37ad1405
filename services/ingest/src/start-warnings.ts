import type { IngestMetrics } from './metrics.ts'
import { editionAgeMs } from './places.ts'
import type { IngestDeps } from './service.ts'

/** Place data older than this is worth a warning: addresses move by hundreds of km in two years. */
const geoDataOldMs = 90 * 86_400_000

/** Says what works, but not as an operator may believe it does. */
export function warnAtStart(
  { config, logger, clock, enrichment }: IngestDeps,
  metrics: IngestMetrics,
): void {
  const ageMs = editionAgeMs(enrichment.edition, clock.now())
  metrics.geoDataAge.set(Math.round(ageMs / 1000))
  if (ageMs > geoDataOldMs) {
    logger.warn(
      { edition: enrichment.edition, ageDays: Math.floor(ageMs / 86_400_000) },
      'the data that places addresses is old: refresh it and set GEODATADIR',
    )
  }
  if (config.apiKeys === undefined) {
    logger.warn(
      { http: config.httpHost },
      'no HOLDPOINT_API_KEYS: whoever reaches the HTTP port may send events',
    )
  }
  if (clock.kind === 'recorded') {
    logger.warn('HOLDPOINT_CLOCK is recorded: events say themselves when they were received')
  }
}
