/** @typedef {import('./soak-samples.mjs').Sample} Sample */

const rowsMax = 12
/** After a third of the run, but no later. */
const warmUpMaxS = 600
/** A slope over less says nothing about an hour: the noise of RSS alone would make one. */
const judgedMinS = 2_400
/** Growth of RSS that is taken for noise, in per cent of its mean an hour. */
const rssGrowthMax = 1
/** Growth of what the heap cannot free from the first third to the last, in per cent: caches are full by then. */
const heapGrowthMax = 10
/** ms; the median of the samples' p99. A step folds up to 1,000 records at once. */
const delayP99MaxMs = 200
/** Share of the rate that was asked for. */
const rateMin = 0.95

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
 * By how many per cent the lowest of the last third is above the lowest of the first: between two
 * collections of garbage a heap grows anyway, and its floor is what stays.
 *
 * @param {readonly number[]} values
 */
export function floorGrowth(values) {
  const third = Math.max(1, Math.floor(values.length / 3))
  const before = Math.min(...values.slice(0, third))
  return (Math.min(...values.slice(-third)) / before - 1) * 100
}

/**
 * What was sent and decided, from the first sample to the last.
 *
 * @param {readonly Sample[]} samples
 */
function measured(samples) {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atS === first.atS)
    throw new Error('less than two samples: nothing was measured')
  const sent = last.sent - first.sent
  const decisions = last.decisions - first.decisions
  return { sent, perSecond: sent / (last.atS - first.atS), decisions }
}

/**
 * What became of the run after its warm-up.
 *
 * @param {readonly Sample[]} samples
 * @param {{ lagCleared: boolean, rate: number }} run `rate` is what was asked for, events/s
 * @throws where there are less than two samples
 */
export function verdict(samples, { lagCleared, rate }) {
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
  const load = measured(samples)
  const judged = end - warmUpS >= judgedMinS
  const faults = services.flatMap((service) =>
    serviceFaults(
      steady.map((sample) => sample[service]),
      judged,
    ).map((fault) => `${service}: ${fault}`),
  )
  const rssGrows = growth.filter(
    ({ what, percentPerHour }) => judged && what === 'rssMiB' && percentPerHour > rssGrowthMax,
  )
  faults.push(...rssGrows.map(({ service }) => `${service}: RSS grows by over ${rssGrowthMax} %/h`))
  if (load.perSecond < rateMin * rate)
    faults.push(`${load.perSecond.toFixed(0)} of ${rate} events/s were sent`)
  if (load.decisions === 0) faults.push('nothing was decided')
  if (!lagCleared) faults.push('the lag did not clear')
  return { warmUpS, growth, faults, judged, load }
}

/**
 * @param {readonly import('./soak-samples.mjs').ProcessSample[]} steady
 * @param {boolean} judged
 */
function serviceFaults(steady, judged) {
  /** @type {string[]} */
  const faults = /** @type {const} */ (['handles', 'timers'])
    .filter((what) => rises(steady.map((sample) => sample[what])))
    .map((what) => `${what} grow`)
  const heap = floorGrowth(steady.map(({ heapMiB }) => heapMiB))
  if (judged && heap > heapGrowthMax) faults.push(`the heap grew by ${heap.toFixed(0)} %`)
  const delays = steady.map(({ delayP99Ms }) => delayP99Ms).sort((a, b) => a - b)
  const delay = delays[Math.floor(delays.length / 2)] ?? Number.NaN
  if (!(delay <= delayP99MaxMs)) faults.push(`the event loop is held up, p99 ${delay} ms`)
  return faults
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
  const { sent, perSecond, decisions } = found.load
  const ratio = decisions === 0 ? 'no decision' : `a decision per ${(sent / decisions).toFixed(0)}`
  const lines = [`${sent} events sent, ${perSecond.toFixed(0)} a second, ${ratio}`, '']
  lines.push(
    ...table([head, ...body]),
    '',
    `growth after ${(found.warmUpS / 60).toFixed(1)} min of warm-up, per hour:`,
  )
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
  const judging = `RSS and heap over ${judgedMinS / 60} min after the warm-up`
  if (!found.judged) lines.push(`not judged: ${judging}, which --minutes 60 has`)
  else if (found.faults.length === 0) lines.push(`held, with ${judging}`)
  return lines.join('\n')
}

/** @param {readonly (readonly string[])[]} rows */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
}
