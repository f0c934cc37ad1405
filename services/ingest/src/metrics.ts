import { latencyBuckets, type Metrics } from '@holdpoint/runtime'

/** What ingest counts; the reference page of metrics is made from this table. */
export const ingestMetrics = {
  received: {
    kind: 'counter',
    name: 'holdpoint_ingest_received_events_total',
    help: 'Events read, before any judgement; an HTTP request that cannot be read counts as one.',
    labels: ['source'],
  },
  accepted: {
    kind: 'counter',
    name: 'holdpoint_ingest_accepted_events_total',
    help: 'Events whose append to the internal log was acknowledged.',
    labels: ['source'],
  },
  refused: {
    kind: 'counter',
    name: 'holdpoint_ingest_refused_events_total',
    help: 'Events refused for a fault of their own, by the code of the first; an HTTP request that cannot be read counts as one.',
    labels: ['source', 'code'],
  },
  orders: {
    kind: 'counter',
    name: 'holdpoint_ingest_orders_total',
    help: 'Orders of operators that every partition of the internal log has acknowledged, by kind.',
    labels: ['kind'],
  },
  deadLetters: {
    kind: 'counter',
    name: 'holdpoint_ingest_dead_letters_total',
    help: 'Records in a dead-letter topic, by the topic that they came from.',
    labels: ['topic'],
  },
  limited: {
    kind: 'counter',
    name: 'holdpoint_ingest_limited_requests_total',
    help: 'HTTP requests answered 429.',
    labels: [],
  },
  failures: {
    kind: 'counter',
    name: 'holdpoint_ingest_transient_failures_total',
    help: 'Attempts that failed, by what was attempted. All are repeated but `facts`: a login goes on without them.',
    labels: ['what'],
  },
  appendSeconds: {
    kind: 'histogram',
    name: 'holdpoint_ingest_append_seconds',
    help: 'From the first attempt to append a batch to its acknowledgement.',
    labels: [],
    buckets: latencyBuckets,
  },
  waiting: {
    kind: 'gauge',
    name: 'holdpoint_ingest_waiting_events',
    help: 'Events that wait for the login of their session.',
    labels: [],
  },
  geoDataAge: {
    kind: 'gauge',
    name: 'holdpoint_ingest_geo_data_age_seconds',
    help: 'Age of the data that places addresses.',
    labels: [],
  },
} as const

export type IngestMetrics = Metrics<typeof ingestMetrics>
