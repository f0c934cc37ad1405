import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { versions } from '../../infra/stack/download.mjs'
import { promise } from './promises.mjs'
import { decisionTypes, unseenIn } from './seen.mjs'

/**
 * @typedef {import('./promises.mjs').Broken} Broken
 * @typedef {import('./checks.mjs').Verdict} Verdict
 * @typedef {import('./rotation.mjs').FaultKind} FaultKind
 * @typedef {import('./rotation.mjs').Happened} Happened
 *
 * @typedef {object} LayoutReport
 * @property {string} layout
 * @property {number} seconds of load
 * @property {readonly Happened[]} faults
 * @property {Verdict} verdict
 * @property {import('./load.mjs').Load['counts']} clients
 * @property {number} unexpectedExits
 * @property {string} logs folder
 *
 * @typedef {object} Report
 * @property {number} seed
 * @property {number} minutes
 * @property {object} machine
 * @property {readonly LayoutReport[]} layouts
 * @property {readonly KindReport[]} kinds
 * @property {string} counted from when a recovery is counted
 * @property {readonly string[]} warnings
 * @property {readonly string[]} unseen what did not happen
 * @property {readonly (Broken & { layout: string })[]} broken
 * @property {boolean} held
 *
 * @typedef {object} KindReport
 * @property {string} kind
 * @property {number} count
 * @property {number} untaken how often it was tried besides and did no harm
 * @property {Recoveries} alone
 * @property {Recoveries} beside another fault
 *
 * @typedef {{ count: number, recovered: number, medianMs: number | null, maxMs: number | null }} Recoveries null
 *   where there is none, or it never came
 */

const counted =
  'counted from the kill, stop, cut or loss, and for what hangs, is frozen or half-open, or joins and leaves, from its end; until all is taken, folded and published'
const longMinutes = 30

/**
 * @param {object} of
 * @param {number} of.seed
 * @param {number} of.minutes
 * @param {readonly LayoutReport[]} of.layouts
 * @param {readonly FaultKind[]} of.kinds
 * @param {boolean} of.whole whether these are all kinds
 * @returns {Report}
 */
export function reportOf({ seed, minutes, layouts, kinds, whole }) {
  const faults = layouts.flatMap((layout) => layout.faults)
  const { demanded, told } = unseenIn(layouts, kinds)
  const short = minutes < longMinutes || !whole
  const seen = promise('a run of half an hour sees enough happen', short ? [] : demanded)
  const broken = [
    ...layouts.flatMap(({ layout, verdict }) => verdict.broken.map((one) => ({ layout, ...one }))),
    ...(seen.count > 0 ? [{ layout: 'all', ...seen }] : []),
  ]
  return {
    seed,
    minutes,
    machine: machine(),
    layouts,
    kinds: kinds.flatMap(({ name }) => kindReport(name, faults)),
    counted,
    warnings: warnings(faults, kinds),
    unseen: short ? [...demanded, ...told] : told,
    broken,
    held: broken.length === 0,
  }
}

/**
 * @param {string} kind
 * @param {readonly Happened[]} faults
 * @returns {readonly KindReport[]}
 */
function kindReport(kind, faults) {
  const tried = faults.filter((fault) => fault.kind === kind)
  if (tried.length === 0) return []
  const mine = tried.filter(({ took }) => took)
  return [
    {
      kind,
      count: mine.length,
      untaken: tried.length - mine.length,
      alone: recoveries(mine.filter(({ overlapping }) => !overlapping)),
      beside: recoveries(mine.filter(({ overlapping }) => overlapping)),
    },
  ]
}

/**
 * @param {readonly Happened[]} faults
 * @returns {Recoveries}
 */
function recoveries(faults) {
  const never = Number.POSITIVE_INFINITY
  const times = faults.map(({ recoveryMs }) => recoveryMs ?? never).sort((a, b) => a - b)
  const at = (/** @type {number} */ n) => {
    const time = times[n] ?? never
    return time === never ? null : time
  }
  return {
    count: times.length,
    recovered: times.filter((time) => time !== never).length,
    medianMs: at(Math.floor((times.length - 1) / 2)),
    maxMs: at(times.length - 1),
  }
}

/**
 * @param {readonly Happened[]} faults
 * @param {readonly FaultKind[]} kinds
 */
function warnings(faults, kinds) {
  const bounds = new Map(kinds.map(({ name, recoveryMsMax }) => [name, recoveryMsMax]))
  return faults.flatMap(({ kind, at, recoveryMs, overlapping }) => {
    const bound = bounds.get(kind)
    if (bound === undefined || recoveryMs === null || recoveryMs <= bound) return []
    const beside = overlapping ? ', beside another fault' : ''
    return [
      `${kind} at ${at}: ${seconds(recoveryMs)} to recover, more than ${seconds(bound)}${beside}`,
    ]
  })
}

function machine() {
  const redis = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
  return {
    cpus: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: `Node ${process.version}`,
    kafka: `Kafka ${versions.kafka}, 3 nodes`,
    registry: `Apicurio ${versions.registry}`,
    redis: `Redis ${/v=(\S+)/.exec(redis)?.[1] ?? 'unknown'}`,
  }
}

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`

/**
 * The report as a person reads it.
 *
 * @param {Report} report
 */
export function textOf(report) {
  const { seed, machine, layouts, kinds, warnings, unseen, broken, held } = report
  const total = (/** @type {(layout: LayoutReport) => number} */ of) =>
    layouts.reduce((sum, layout) => sum + of(layout), 0)
  const sum = (/** @type {(kind: KindReport) => number} */ of) =>
    kinds.reduce((all, kind) => all + of(kind), 0)
  return [
    `seed ${seed}; ${Object.values(machine).join(', ')}`,
    ...layouts.map(
      ({ layout, faults, seconds: load }) =>
        `  ${layout.padEnd(10)}${faults.filter(({ took }) => took).length} faults in ${Math.round(load)} s of load`,
    ),
    '',
    `recovered of all, median and longest time; ${report.counted}`,
    `${'fault'.padEnd(62)}count  ${'alone'.padEnd(26)}beside another`,
    ...kinds.map(kindLine),
    '',
    `faults                         ${sum(({ count }) => count)}`,
    `  did not take, not counted    ${sum(({ untaken }) => untaken)}`,
    `events produced                ${total(({ verdict }) => verdict.events)}`,
    `  in the log                   ${total(({ verdict }) => verdict.logged)}`,
    `  dead letters                 ${total(({ verdict }) => verdict.deadLettered)}`,
    `  repeats in the log           ${total(({ verdict }) => verdict.repeatsLogged)}`,
    ...decisionLines(layouts),
    `  repeats, byte-equal          ${total(({ verdict }) => verdict.repeatsPublished)}`,
    `  held back by a rebuild       ${total(({ verdict }) => verdict.keptBack)}`,
    `lost ${total(({ verdict }) => verdict.lost)}, wrong ${total(({ verdict }) => verdict.wrong)}, doubled ${total(({ verdict }) => verdict.doubled)}, unexpected exits ${total(({ unexpectedExits }) => unexpectedExits)}`,
    ...unseen.map((line) => `  not seen: ${line}`),
    ...warnings.map((line) => `  warning: ${line}`),
    ...broken.flatMap(({ layout, promise, count, examples }) => [
      `BROKEN (${layout}): ${promise}: ${count}`,
      ...examples.map((example) => `    ${example}`),
    ]),
    held
      ? 'every promise was kept'
      : `logs and data: ${layouts.map(({ logs }) => logs).join(', ')}`,
  ].join('\n')
}

/** @param {KindReport} kind */
const kindLine = ({ kind, count, alone, beside }) =>
  `${kind.padEnd(62)}${String(count).padStart(5)}  ${times(alone).padEnd(26)}${times(beside)}`.trimEnd()

/** @param {Recoveries} recoveries */
function times({ count, recovered, medianMs, maxMs }) {
  if (count === 0) return '-'
  const time = (/** @type {number | null} */ ms) =>
    (ms === null ? 'never' : seconds(ms)).padStart(8)
  return `${`${recovered}/${count}`.padStart(5)}${time(medianMs)}${time(maxMs)}`
}

/** @param {readonly LayoutReport[]} layouts */
function decisionLines(layouts) {
  const byType = decisionTypes(layouts)
  const sum = [...byType.values()].reduce((a, b) => a + b, 0)
  return [
    `decisions                      ${sum}`,
    ...[...byType].sort().map(([type, count]) => `  ${type.padEnd(29)}${count}`),
  ]
}
