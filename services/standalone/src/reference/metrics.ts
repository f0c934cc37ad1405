import { engineMetrics } from '@holdpoint/engine'
import { ingestMetrics } from '@holdpoint/ingest'
import type { MetricTable } from '@holdpoint/runtime'
import { code, codes, page, section, table } from './markdown.ts'

export function metricsPage(): string {
  return page(
    'Metrics',
    'Each service answers `GET /metrics` on its admin port (`HOLDPOINT_ADMIN_PORT`) in the Prometheus format, with those of the Node process beside its own. Labels never carry user data.',
    rows('ingest', ingestMetrics),
    rows('engine', engineMetrics),
  )
}

const rows = (service: string, metrics: MetricTable): string =>
  section(
    service,
    table(
      ['metric', 'kind', 'labels', 'meaning'],
      Object.values(metrics).map(({ name, kind, labels, help }) => [
        code(name),
        kind,
        codes(labels),
        help,
      ]),
    ),
  )
