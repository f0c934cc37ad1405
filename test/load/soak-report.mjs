/** @typedef {import('./soak-samples.mjs').Sample} Sample */

const rowsMax = 12
/** After a third of the run, but no later. */
const warmUpMaxS = 600
/** A slope over less says nothing about an hour. */
const judgedMinS = 600
/** Growth of RSS that is taken for noise, in per cent of its mean an hour. */
const rssGrowthMax = 1

/**
 * Least squares through (atS, value): growth an hour in per cent of the mean.
 *
 * @param {readonly { atS: number, value: number }[]} points
 */
export function growthPerHour(points) {
  const mean = (/** @type {readonly number[]} */ of) => of.reduce((a, b) => a + b, 0) / of.length
  const t = mean(points.map(({ atS }) => atS))
  const v = mean(points.map(({ value }) => value))
  const over = points.reduce((sum, { atS, value }) => sum + (atS - t) * (value - v), 0)
  const under = points.reduce((sum, { atS }) => sum + (atS - t) ** 2, 0)
  return v === 0 || under === 0 ? 0 : ((over / under) * 3_600 * 100) / v
}

/**
 * Whether a count that should stand still rises: by its medians over the first and the last third, so that a
 * connection opened for a moment is no growth.
 *
 * @param {readonly number[]} values
 */
export function rises(values) {
  const third = Math.max(1, Math.floor(values.length / 3))
  const median = (/** @type {readonly number[]} */ of) =>
    [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0
  const before = median(values.slice(0, third))
  return median(values.slice(-third)) > before + Math.max(2, before * 0.05)
}

const services = /** @type {const} */ (['ingest', 'engine'])
const followed = /** @type {const} */ (['rssMiB', 'heapMiB', 'handles', 'timers'])

/**
 * What became of the run after its warm-up.
 *
 * @param {readonly Sample[]} samples
 * @param {boolean} lagCleared
 */
export function verdict(samples, lagCleared) {
  const end = samples.at(-1)?.atS ?? 0
  const warmUpS = Math.min(warmUpMaxS, end / 3)
  const steady = samples.filter(({ atS }) => atS >= warmUpS)
  const growth = services.flatMap((service) =>
    followed.map((what) => ({
      service,
      what,
      percentPerHour: growthPerHour(
        steady.map((sample) => ({ atS: sample.atS, value: sample[service][what] })),
      ),
    })),
  )
  const faults = services.flatMap((service) =>
    /** @type {const} */ (['handles', 'timers'])
      .filter((what) => rises(steady.map((sample) => sample[service][what])))
      .map((what) => `${service}: ${what} grow`),
  )
  if (!lagCleared) faults.push('the lag did not clear')
  const judged = end - warmUpS >= judgedMinS
  const rssGrows = growth.filter(
    ({ what, percentPerHour }) => what === 'rssMiB' && percentPerHour > rssGrowthMax,
  )
  return { warmUpS, growth, faults, judged, rssGrows: rssGrows.map(({ service }) => service) }
}

/**
 * The report for a person.
 *
 * @param {readonly Sample[]} samples
 * @param {ReturnType<typeof verdict>} found
 */
export function report(samples, found) {
  const last = Math.min(rowsMax, samples.length) - 1
  const shown = Array.from({ length: last + 1 }, (_, row) =>
    last === 0 ? samples.at(-1) : samples[Math.round((row * (samples.length - 1)) / last)],
  ).filter((sample) => sample !== undefined)
  const head = ['min', ...services.flatMap((s) => [`${s} RSS`, 'heap', 'hdl', 'tmr', 'p99', 'max'])]
  head.push('raw lag', 'lag', 'decisions', 'Redis MiB', 'keys')
  const body = shown.map((sample) => [
    (sample.atS / 60).toFixed(1),
    ...services.flatMap((service) => {
      const { rssMiB, heapMiB, handles, timers, delayP99Ms, delayMaxMs } = sample[service]
      return [rssMiB, heapMiB, handles, timers, delayP99Ms, delayMaxMs].map((n) => n.toFixed(0))
    }),
    ...[sample.rawLag, sample.lag, sample.decisions].map(String),
    sample.redisMiB.toFixed(1),
    String(sample.redisKeys),
  ])
  const lines = table([head, ...body])
  lines.push('', `growth after ${(found.warmUpS / 60).toFixed(1)} min of warm-up, per hour:`)
  for (const service of services) {
    const of = found.growth.filter((one) => one.service === service)
    const told = of.map(({ what, percentPerHour }) => `${what} ${percentPerHour.toFixed(1)} %`)
    lines.push(`  ${service}: ${told.join(', ')}`)
  }
  lines.push(
    'grows by design: the logs in Kafka; the number of decisions; heap and RSS until the caches are full;',
    'Redis until everybody was seen. In MiB and ms; 10 ms of each delay are the measuring’s own.',
  )
  lines.push(...found.faults.map((fault) => `BROKEN: ${fault}`))
  if (!found.judged) lines.push('RSS: not judged, less than 10 min were measured after the warm-up')
  else if (found.rssGrows.length === 0) lines.push(`RSS: grows by no more than ${rssGrowthMax} %/h`)
  else lines.push(`RSS: grows by more than ${rssGrowthMax} %/h in ${found.rssGrows.join(', ')}`)
  return lines.join('\n')
}

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
}
