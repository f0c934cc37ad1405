import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { versions } from '../../infra/stack/download.mjs'

/**
 * @typedef {import('./checks.mjs').Broken} Broken
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
 * @property {readonly import('./supervisor.mjs').UnexpectedExit[]} unexpectedExits
 * @property {string} logs folder
 *
 * @typedef {object} Report
 * @property {number} seed
 * @property {number} minutes
 * @property {object} machine
 * @property {readonly LayoutReport[]} layouts
 * @property {readonly KindReport[]} kinds
 * @property {readonly string[]} warnings
 * @property {readonly (Broken & { layout: string })[]} broken
 * @property {boolean} held
 *
 * @typedef {{ kind: string, count: number, medianMs: number | null, maxMs: number | null }} KindReport
 */

/**
 * @param {object} of
 * @param {number} of.seed
 * @param {number} of.minutes
 * @param {readonly LayoutReport[]} of.layouts
 * @param {readonly FaultKind[]} of.kinds
 * @returns {Report}
 */
export function reportOf({ seed, minutes, layouts, kinds }) {
  const faults = layouts.flatMap((layout) => layout.faults)
  const broken = layouts.flatMap(({ layout, verdict }) =>
    verdict.broken.map((one) => ({ layout, ...one })),
  )
  return {
    seed,
    minutes,
    machine: machine(),
    layouts,
    kinds: kinds.flatMap(({ name }) => kindReport(name, faults)),
    warnings: warnings(faults, kinds, layouts),
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
  const mine = faults.filter((fault) => fault.kind === kind)
  if (mine.length === 0) return []
  const times = mine.flatMap(({ recoveryMs }) => recoveryMs ?? []).sort((a, b) => a - b)
  const at = (/** @type {number} */ n) => times[n] ?? null
  const [medianMs, maxMs] = [at(Math.floor((times.length - 1) / 2)), at(times.length - 1)]
  return [{ kind, count: mine.length, medianMs, maxMs }]
}

/**
 * @param {readonly Happened[]} faults
 * @param {readonly FaultKind[]} kinds
 * @param {readonly LayoutReport[]} layouts
 */
function warnings(faults, kinds, layouts) {
  const bounds = new Map(kinds.map(({ name, recoveryMsMax }) => [name, recoveryMsMax]))
  const slow = faults.flatMap(({ kind, at, recoveryMs, overlapping }) => {
    const bound = bounds.get(kind)
    if (bound === undefined || recoveryMs === null || recoveryMs <= bound) return []
    const beside = overlapping ? ', beside another fault' : ''
    return [
      `${kind} at ${at}: ${seconds(recoveryMs)} to recover, more than ${seconds(bound)}${beside}`,
    ]
  })
  const exits = layouts.flatMap(({ layout, unexpectedExits }) =>
    unexpectedExits.map(
      ({ name, at, code, signal, lastLines }) =>
        `${name} (${layout}) ended by itself at ${at}, ${signal ?? `code ${code}`}:\n      ${lastLines.slice(-3).join('\n      ')}`,
    ),
  )
  return [...slow, ...exits]
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
export function textOf({ seed, machine, layouts, kinds, warnings, broken, held }) {
  const total = (/** @type {(layout: LayoutReport) => number} */ of) =>
    layouts.reduce((sum, layout) => sum + of(layout), 0)
  const exits = total(({ unexpectedExits }) => unexpectedExits.length)
  return [
    `seed ${seed}; ${Object.values(machine).join(', ')}`,
    ...layouts.map(
      ({ layout, faults, seconds: load }) =>
        `  ${layout.padEnd(10)}${faults.length} faults in ${Math.round(load)} s of load`,
    ),
    '',
    `${'fault'.padEnd(58)}count   median      max`,
    ...kinds.map(kindLine),
    '',
    `faults                         ${total(({ faults }) => faults.length)}`,
    `events produced                ${total(({ verdict }) => verdict.events)}`,
    `  in the log                   ${total(({ verdict }) => verdict.logged)}`,
    `  dead letters                 ${total(({ verdict }) => verdict.deadLettered)}`,
    `  repeats in the log           ${total(({ verdict }) => verdict.repeatsLogged)}`,
    ...decisionLines(layouts),
    `  repeats, byte-equal          ${total(({ verdict }) => verdict.repeatsPublished)}`,
    `  held back by a rebuild       ${total(({ verdict }) => verdict.keptBack)}`,
    `lost ${total(({ verdict }) => verdict.lost)}, wrong ${total(({ verdict }) => verdict.wrong)}, doubled ${total(({ verdict }) => verdict.doubled)}, unexpected exits ${exits}`,
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
function kindLine({ kind, count, medianMs, maxMs }) {
  const time = (/** @type {number | null} */ ms) =>
    (ms === null ? 'never' : seconds(ms)).padStart(9)
  return `${kind.padEnd(58)}${String(count).padStart(5)}${time(medianMs)}${time(maxMs)}`
}

/** @param {readonly LayoutReport[]} layouts */
function decisionLines(layouts) {
  /** @type {Map<string, number>} */
  const byType = new Map()
  for (const { verdict } of layouts)
    for (const [type, count] of Object.entries(verdict.decisions))
      byType.set(type, (byType.get(type) ?? 0) + count)
  const sum = [...byType.values()].reduce((a, b) => a + b, 0)
  return [
    `decisions                      ${sum}`,
    ...[...byType].sort().map(([type, count]) => `  ${type.padEnd(29)}${count}`),
  ]
}
