/** Enrichment without data files, for tests: events state their own places and networks. */
import { createClients, type Enrichment, joinEnrichment } from '@holdpoint/ingest'

export const statedOnly = (): Enrichment =>
  joinEnrichment({
    places: { edition: 0, lookup: () => null },
    networks: () => ({ kind: 'unknown', asn: 0 }),
    clients: createClients(),
  })
