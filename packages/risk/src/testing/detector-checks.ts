/**
 * What every detector promises, as checks that name the promise broken. They are run over the whole
 * registry, and over deliberately broken detectors, so that the checks themselves are checked.
 */
import type { Detector, DetectorMemory, Finding, Scene } from '../detector.ts'
import { emptyOf, type Field } from '../fields.ts'
import { families } from '../signal.ts'

type Memory = DetectorMemory<Detector['memory']['session'], Detector['memory']['profile']>

const unitLast = /^(score\w*|\w+(Ms|Km|Kmh)(Min|Max)?|\w+(Min|Max))$/

/** Faults of what a detector declares about itself: names, reasons, params, bounds of its memory. */
export function declarationFaults(detector: Detector): readonly string[] {
  const { name, version, family, reasons, about, params, memory } = detector
  const faults: string[] = []
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault)
  expect(
    /^[a-z]+(-[a-z]+)*$/.test(name) && name.length <= 32,
    `name ${name}: kebab-case, at most 32`,
  )
  expect(Number.isInteger(version) && version > 0, `version ${version}: a whole number from 1`)
  expect(families.includes(family), `family ${family}: not a family`)
  expect(Object.keys(reasons).length > 0, 'reasons: none declared')
  for (const [reason, sentence] of Object.entries(reasons)) {
    expect(
      /^[A-Z]+(_[A-Z]+)*$/.test(reason) && reason.length <= 32,
      `reason ${reason}: UPPER_SNAKE, at most 32`,
    )
    expect(isSentence(sentence), `reason ${reason}: says what it sees in a sentence`)
  }
  expect(isSentence(about.sees), 'about: says what it sees in a sentence')
  for (const part of ['misses', 'mistakes'] as const) {
    expect(about[part].length > 0, `about: ${part} nothing, which no detector can say of itself`)
    expect(about[part].every(isSentence), `about: says what it ${part} in sentences`)
  }
  for (const [param, value] of Object.entries(params)) {
    expect(Number.isInteger(value) && value >= 0, `param ${param}: a whole number`)
    expect(unitLast.test(param), `param ${param}: unit last (score…, …Ms, …Km, …Kmh, …Min, …Max)`)
  }
  for (const field of [...Object.values(memory.session), ...Object.values(memory.profile)]) {
    expect(
      bytesMax(field) <= 256,
      `memory: ${field.kind} may take ${bytesMax(field)} bytes, at most 256`,
    )
  }
  return faults
}

const isSentence = (text: string): boolean => /^[A-Z].*\.$/.test(text)

/** The most bytes that a field may take in the store. */
function bytesMax(field: Field): number {
  switch (field.kind) {
    case 'text':
      return field.max * 4 + 2
    case 'list':
      return field.max * bytesMax(field.of) + 1
    case 'optional':
      return bytesMax(field.of) + 1
    case 'record':
      return Object.values(field.fields).reduce((sum, f) => sum + bytesMax(f), 0)
    case 'flag':
    case 'choice':
      return 1
    default:
      return 8
  }
}

/**
 * Faults of how a detector behaves over the events of one session: total, pure, deterministic, never
 * changing what it is given, neutral to redelivery, bounded.
 */
export function behaviourFaults(detector: Detector, scenes: readonly Scene[]): readonly string[] {
  const faults = new Set<string>()
  const first = run(detector, scenes, faults)
  const again = run(
    detector,
    scenes.map((scene) => structuredClone(scene)),
    faults,
  )
  if (text(first) !== text(again)) faults.add('deterministic: the same scenes gave another result')
  return [...faults]
}

/** Sees every scene twice, on frozen inputs and without clock or dice. */
function run(
  detector: Detector,
  scenes: readonly Scene[],
  faults: Set<string>,
): readonly unknown[] {
  const seen: unknown[] = []
  let memory = deepFreeze(blank(detector))
  for (const scene of scenes.map(deepFreeze)) {
    try {
      memory = withoutWorld(() => look(detector, scene, memory, faults, seen))
    } catch (error) {
      faults.add(`total: threw ${String(error)}`)
    }
  }
  return seen
}

function look(
  detector: Detector,
  scene: Scene,
  memory: Memory,
  faults: Set<string>,
  seen: unknown[],
): Memory {
  const finding = detector.detect(scene, memory, detector.params)
  if (text(finding) !== text(detector.detect(scene, memory, detector.params))) {
    faults.add('pure: a second look at the same scene found something else')
  }
  if (finding !== null) for (const fault of findingFaults(detector, finding)) faults.add(fault)
  const kept = deepFreeze(detector.remember(scene, memory, detector.params))
  if (text(kept) === text(memory) && kept !== memory) {
    faults.add('unchanged: returned a copy of the memory where nothing changed')
  }
  if (detector.remember(scene, kept, detector.params) !== kept) {
    faults.add('redelivery neutral: the same event again changed the memory')
  }
  for (const half of ['session', 'profile'] as const) {
    const fields = detector.memory[half]
    if (!fits({ kind: 'record', fields }, kept[half])) {
      faults.add(`bounded: the ${half} memory does not fit its declared fields`)
    }
  }
  seen.push([finding, kept])
  return kept
}

function findingFaults(detector: Detector, finding: Finding): readonly string[] {
  const { reason, score, halfLifeMs, context, message, evidence } = finding
  const faults: string[] = []
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault)
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 0
  expect(reason in detector.reasons, `finding: reason ${reason} is not declared`)
  expect(whole(score) && score <= 1000, `finding: score ${score} is no whole number from 0 to 1000`)
  expect(whole(halfLifeMs), `finding: halfLifeMs ${halfLifeMs} is no whole number`)
  const tunable = Object.values(detector.params)
  expect(tunable.includes(score), `finding: score ${score} is none of the params`)
  expect(
    halfLifeMs === 0 || tunable.includes(halfLifeMs),
    `finding: halfLifeMs ${halfLifeMs} is none of the params`,
  )
  expect(context === undefined || whole(context), `finding: context ${context} is no id`)
  expect(
    message.length > 0 && message.length <= 160,
    `finding: message of ${message.length} characters`,
  )
  for (const [key, value] of Object.entries(evidence)) {
    expect(
      typeof value !== 'number' || Number.isSafeInteger(value),
      `finding: ${key} is no whole number`,
    )
  }
  return faults
}

/** True where a value is exactly what its field declares. */
function fits(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'flag':
      return typeof value === 'boolean'
    case 'text':
      return typeof value === 'string' && value.length <= field.max
    case 'choice':
      return typeof value === 'string' && field.of.includes(value)
    case 'list':
      return (
        Array.isArray(value) && value.length <= field.max && value.every((v) => fits(field.of, v))
      )
    case 'optional':
      return value === null || fits(field.of, value)
    case 'record':
      return fitsRecord(field.fields, value)
    case 'degrees':
      return typeof value === 'number' && Number.isFinite(value)
    default:
      return Number.isSafeInteger(value) && Number(value) >= 0
  }
}

function fitsRecord(fields: Readonly<Record<string, Field>>, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const entries = Object.entries(value)
  return (
    entries.length === Object.keys(fields).length &&
    entries.every(([key, v]) => fields[key] !== undefined && fits(fields[key], v))
  )
}

const blank = ({ memory: { session, profile } }: Detector): Memory => ({
  session: emptyOf({ kind: 'record', fields: session }) as Memory['session'],
  profile: emptyOf({ kind: 'record', fields: profile }) as Memory['profile'],
})

const text = (value: unknown): string => JSON.stringify(value)

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

/** Runs without clock and dice: asking either throws. */
function withoutWorld<T>(run: () => T): T {
  const { Date: Clock } = globalThis
  const { random } = Math
  const { performance } = globalThis
  const ask = (): never => {
    throw new Error('asked the clock')
  }
  globalThis.Date = class extends Clock {
    constructor(...of: unknown[]) {
      if (of.length === 0) ask()
      super(...(of as [number]))
    }
    static override now = ask
  } as unknown as DateConstructor
  globalThis.performance = { ...performance, now: ask }
  Math.random = () => {
    throw new Error('threw dice')
  }
  try {
    return run()
  } finally {
    globalThis.Date = Clock
    globalThis.performance = performance
    Math.random = random
  }
}
