import {
  createMetrics,
  latencyBuckets,
  type Metrics,
  type MetricsRegistry,
} from '@holdpoint/runtime'
import type { FoldedBatch } from './fold-batch.ts'

/** Every metric of the engine; the reference page is made from this table. */
export const engineMetrics = {
  events: {
    kind: 'counter',
    name: 'holdpoint_engine_events_total',
    help: 'Records of holdpoint.events folded, by outcome: applied, repeat, ignored, unheard (feedback that counts for nothing), dead_letter.',
    labels: ['outcome'],
  },
  commits: {
    kind: 'counter',
    name: 'holdpoint_engine_commits_total',
    help: 'Commits to the state store.',
    labels: [],
  },
  reopens: {
    kind: 'counter',
    name: 'holdpoint_engine_reopens_total',
    help: 'Times a partition was read anew: stale (another owner, or a store that went back in time) or error.',
    labels: ['cause'],
  },
  signals: {
    kind: 'counter',
    name: 'holdpoint_engine_signals_total',
    help: 'Findings of detectors, by reason.',
    labels: ['reason'],
  },
  blind: {
    kind: 'counter',
    name: 'holdpoint_engine_detector_blind_total',
    help: 'Events that a detector could not judge, for want of an input.',
    labels: ['detector'],
  },
  decisions: {
    kind: 'counter',
    name: 'holdpoint_engine_decisions_total',
    help: 'Decisions committed, by type.',
    labels: ['type'],
  },
  alerts: {
    kind: 'counter',
    name: 'holdpoint_engine_alerts_total',
    help: 'Alerts committed, by activity: create, update or close.',
    labels: ['activity'],
  },
  faults: {
    kind: 'counter',
    name: 'holdpoint_engine_dead_letters_total',
    help: 'Records that could not be decoded, folded or encoded, by stage and code.',
    labels: ['stage', 'code'],
  },
  published: {
    kind: 'counter',
    name: 'holdpoint_engine_published_total',
    help: 'Records that the log has acknowledged, by topic.',
    labels: ['topic'],
  },
  publishErrors: {
    kind: 'counter',
    name: 'holdpoint_engine_publish_errors_total',
    help: 'Sends that failed and were tried again, by topic.',
    labels: ['topic'],
  },
  latency: {
    kind: 'histogram',
    name: 'holdpoint_engine_decision_latency_seconds',
    help: 'From the receipt of an event to the acknowledgement of what it decided.',
    labels: ['topic'],
    buckets: latencyBuckets,
  },
  lag: {
    kind: 'gauge',
    name: 'holdpoint_engine_lag_records',
    help: 'Records of holdpoint.events not yet folded, by partition; also of stopped ones.',
    labels: ['partition'],
  },
  queued: {
    kind: 'gauge',
    name: 'holdpoint_engine_queued_records',
    help: 'Records fetched and not yet folded.',
    labels: [],
  },
  outbox: {
    kind: 'gauge',
    name: 'holdpoint_engine_outbox_waiting_records',
    help: 'Records committed that the outbox must still hold: not acknowledged by the log, or behind one that is not.',
    labels: [],
  },
  storeUsed: {
    kind: 'gauge',
    name: 'holdpoint_engine_store_used_ratio',
    help: 'Share of the memory of the fullest store node that is in use; 0 without a limit. From 0.92 on folding waits.',
    labels: [],
  },
  rebuilds: {
    kind: 'counter',
    name: 'holdpoint_engine_rebuilds_total',
    help: 'Partitions found without state and folded from the start of the log.',
    labels: [],
  },
  stopped: {
    kind: 'gauge',
    name: 'holdpoint_engine_partition_stopped',
    help: '1 for a partition that is stopped until an operator acts, by code.',
    labels: ['partition', 'code'],
  },
} as const

export type EngineMetrics = Metrics<typeof engineMetrics>

export const createEngineMetrics = (registry: MetricsRegistry): EngineMetrics =>
  createMetrics(registry, engineMetrics)

/** Counts a committed batch: a few additions a batch, whatever its length. */
export function measureBatch(metrics: EngineMetrics, batch: FoldedBatch): void {
  metrics.commits.add(1)
  for (const [outcome, n] of batch.outcomes) metrics.events.add(n, { outcome })
  for (const [reason, n] of batch.signals) metrics.signals.add(n, { reason })
  for (const [detector, n] of batch.blind) metrics.blind.add(n, { detector })
  for (const output of batch.outputs) {
    if (output.kind === 'decision') metrics.decisions.add(1, { type: output.decision.type })
    else if (output.kind === 'alert') metrics.alerts.add(1, { activity: output.alert.activity })
    else metrics.faults.add(1, { stage: output.fault.stage, code: output.fault.code })
  }
}
