/**
 * Prometheus metrics, declared as a table so that the reference page can be generated from it. The
 * client library stays behind this file: its successor drops Node 20, and two copies of it would
 * each have a registry of their own.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** A metric. Names begin with `holdpoint_` and end in their base unit; labels never carry user data. */
export interface MetricDef {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[]
}

export type MetricTable = Readonly<Record<string, MetricDef>>

type Labels<D extends MetricDef> = D['labels'] extends readonly []
  ? []
  : [labels: Readonly<Record<D['labels'][number], string>>]

type Handle<D extends MetricDef> = D['kind'] extends 'counter'
  ? { readonly add: (amount: number, ...labels: Labels<D>) => void }
  : D['kind'] extends 'gauge'
    ? { readonly set: (value: number, ...labels: Labels<D>) => void; readonly forget: () => void }
    : { readonly observe: (value: number, ...labels: Labels<D>) => void }

/** One handle per row of the table: `add` on counters, `set` on gauges, `observe` on histograms. */
export type Metrics<T extends MetricTable> = { readonly [K in keyof T]: Handle<T[K]> }

/** What a scrape reads. Several tables may share one. */
export interface MetricsRegistry {
  readonly contentType: string
  render(): Promise<string>
  /** For `createMetrics` only. */
  readonly registry: Registry
}

/** A registry of its own, never the library's global one. */
export function createRegistry(
  options: { readonly processMetrics?: boolean } = {},
): MetricsRegistry {
  const registry = new Registry()
  if (options.processMetrics) collectDefaultMetrics({ register: registry })
  return { registry, contentType: registry.contentType, render: () => registry.metrics() }
}

/**
 * Makes the metrics of a table.
 * @throws Error where a name is taken already, or is not `holdpoint_*`
 */
export function createMetrics<const T extends MetricTable>(
  { registry }: MetricsRegistry,
  table: T,
): Metrics<T> {
  const handles = Object.entries(table).map(([key, def]) => [key, handleOf(registry, def)] as const)
  return Object.fromEntries(handles) as unknown as Metrics<T>
}

function handleOf(registry: Registry, def: MetricDef) {
  if (!/^holdpoint_[a-z0-9_]+$/.test(def.name)) {
    throw new Error(`metric ${def.name}: the name must begin with holdpoint_ and be in lower case`)
  }
  const common = {
    name: def.name,
    help: def.help,
    labelNames: [...def.labels],
    registers: [registry],
  }
  if (def.kind === 'counter') {
    const counter = new Counter(common)
    return {
      add: (amount: number, labels: Record<string, string> = {}) => counter.inc(labels, amount),
    }
  }
  if (def.kind === 'gauge') {
    const gauge = new Gauge(common)
    return {
      set: (value: number, labels: Record<string, string> = {}) => gauge.set(labels, value),
      forget: () => gauge.reset(),
    }
  }
  const histogram = new Histogram(
    def.buckets === undefined ? common : { ...common, buckets: [...def.buckets] },
  )
  return {
    observe: (value: number, labels: Record<string, string> = {}) =>
      histogram.observe(labels, value),
  }
}

/** Upper bounds in seconds that fit latencies from half a millisecond to half a minute. */
export const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const
