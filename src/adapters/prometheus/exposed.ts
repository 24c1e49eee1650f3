/** Numbers kept elsewhere, as metrics of a registry of prom-client: read when it is rendered, and not before. */
import type { Metric, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client'
import type { Times } from './times.ts'

type Labels = Readonly<Record<string, string>>

interface About {
  readonly name: string
  readonly help: string
}

/** All that a registry asks of a metric is its name and `get()`. */
function expose(registry: Registry, about: About, type: string, values: () => MetricValueWithName<string>[]) {
  const read = { ...about, type, aggregator: 'sum' } as unknown as MetricObjectWithValues<MetricValueWithName<string>>
  const metric = { name: about.name, get: async () => ({ ...read, values: values() }) }
  registry.registerMetric(metric as unknown as Metric)
}

export type Sample = readonly [labels: Labels, value: number]

export function exposeNumbers(
  registry: Registry,
  type: 'counter' | 'gauge',
  about: About,
  read: () => Iterable<Sample>,
): void {
  expose(registry, about, type, () => [...read()].map(([labels, value]) => ({ labels, value })))
}

/** `unit` is how many of what was observed make one of what the metric's name says: 1,000 ms a second. */
export function exposeTimes(
  registry: Registry,
  about: About,
  read: () => Iterable<readonly [labels: Labels, times: Times]>,
  unit = 1_000,
): void {
  expose(registry, about, 'histogram', () =>
    [...read()].flatMap(([labels, one]) => series(about.name, labels, one, unit)),
  )
}

function series(name: string, labels: Labels, { bounds, cumulated, sum }: Times, unit: number) {
  const counts = cumulated()
  const buckets = counts.map((value, n) => ({
    labels: { ...labels, le: n < bounds.length ? String((bounds[n] as number) / unit) : '+Inf' },
    value,
    metricName: `${name}_bucket`,
  }))
  return [
    ...buckets,
    { labels, value: sum() / unit, metricName: `${name}_sum` },
    { labels, value: counts.at(-1) as number, metricName: `${name}_count` },
  ]
}
