import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Detector, defineDetector, type Finding, noMemory } from './detector.ts'
import { detectors } from './detectors/index.ts'
import { list, time, uint } from './fields.ts'
import { families } from './signal.ts'
import { behaviourFaults, declarationFaults } from './testing/detector-checks.ts'
import { scene } from './testing/scene.ts'
import { anyScenes } from './testing/scene-arbitrary.ts'

describe.each(detectors.map((detector) => [detector.name, detector] as const))(
  '%s',
  (_name, detector) => {
    it('declares names, reasons, params and memory as the registry wants them', () =>
      expect(declarationFaults(detector)).toEqual([]))

    it('is total, pure, deterministic, redelivery neutral and bounded, on frozen inputs', () =>
      fc.assert(
        fc.property(anyScenes, (scenes) => {
          expect(behaviourFaults(detector, scenes)).toEqual([])
        }),
        { numRuns: 60 },
      ))
  },
)

describe('the registry', () => {
  it('has each name once, in the order of the families', () => {
    expect(new Set(detectors.map((d) => d.name)).size).toBe(detectors.length)
    const order = detectors.map((d) => families.indexOf(d.family))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })

  it('is reached by the scenes: every detector finds something in them', () => {
    const found = new Set<string>()
    const watched = detectors.map((detector) => ({
      ...detector,
      detect: (...args: Parameters<Detector['detect']>) => {
        const finding = detector.detect(...args)
        if (finding !== null) found.add(detector.name)
        return finding
      },
    }))
    for (const scenes of fc.sample(anyScenes, { numRuns: 800, seed: 1 })) {
      for (const detector of watched) {
        if (!found.has(detector.name)) behaviourFaults(detector, scenes)
      }
    }
    expect([...found].sort()).toEqual(detectors.map((d) => d.name).sort())
  })
})

describe('a broken detector is caught', () => {
  const finding: Finding = { reason: 'BROKEN', score: 1, halfLifeMs: 0, message: 'm', evidence: {} }
  const sound = {
    name: 'broken',
    version: 1,
    family: 'place',
    reasons: { BROKEN: 'It is broken.' },
    about: { sees: 'Faults.', misses: ['Most.'], mistakes: ['Some.'] },
    params: { score: 1 },
    needs: [],
    memory: noMemory,
    detect: () => null,
    remember: (_scene, memory) => memory,
  } satisfies Detector
  const times = { session: { times: list(3, time) }, profile: {} } as const
  const faultsOf = (detector: Detector) => behaviourFaults(detector, [scene(), scene()]).join('; ')

  it('but not a sound one', () => {
    expect(declarationFaults(sound)).toEqual([])
    expect(faultsOf(sound)).toBe('')
  })

  it('that counts its calls', () => {
    let calls = 0
    const score = () => ({ ...finding, score: calls++ })
    expect(faultsOf({ ...sound, detect: score })).toContain('pure')
  })

  it('that keeps a secret between sessions', () => {
    const met = new WeakSet()
    const detect: Detector['detect'] = (seen) => (met.has(seen) ? finding : null)
    const remember: Detector['remember'] = (seen, memory) => {
      met.add(seen)
      return memory
    }
    const once = scene()
    expect(behaviourFaults({ ...sound, detect, remember }, [once, once]).join()).toContain(
      'deterministic',
    )
  })

  it.each([
    ['asks the clock', () => ({ ...finding, score: Date.now() % 7 })],
    ['makes a date of now', () => ({ ...finding, score: new Date().getUTCHours() % 7 })],
    ['asks how long it runs', () => ({ ...finding, score: Math.floor(performance.now()) % 7 })],
    ['throws dice', () => ({ ...finding, score: Math.floor(Math.random() * 7) })],
    ['throws', (): Finding => JSON.parse('no')],
  ])('that %s', (_name, detect) => expect(faultsOf({ ...sound, detect })).toContain('total'))

  it('that changes what it is given', () => {
    const detect: Detector['detect'] = (seen) => {
      Object.assign(seen.event, { outcome: 'failure' })
      return null
    }
    expect(faultsOf({ ...sound, detect })).toContain('total: threw TypeError')
  })

  it('that changes its memory in place', () => {
    const writing = defineDetector({
      ...sound,
      memory: times,
      remember: (seen, memory) => {
        Object.assign(memory.session, { times: [seen.t] })
        return memory
      },
    })
    expect(faultsOf(writing)).toContain('total: threw TypeError')
  })

  it('that counts an event as often as it is delivered', () => {
    const counting = defineDetector({
      ...sound,
      memory: { session: { count: uint }, profile: {} },
      remember: (_seen, { session, profile }) => ({
        profile,
        session: { count: session.count + 1 },
      }),
    })
    expect(faultsOf(counting)).toBe('redelivery neutral: the same event again changed the memory')
  })

  it('that keeps more than it declares', () => {
    const hoarding = defineDetector({
      ...sound,
      memory: times,
      remember: (seen, memory) =>
        memory.session.times.includes(seen.t)
          ? memory
          : { ...memory, session: { times: [...memory.session.times, seen.t] } },
    })
    const scenes = [1, 2, 3, 4].map((n) => ({ ...scene(), t: n }))
    expect(behaviourFaults(hoarding, scenes)).toEqual([
      'bounded: the session memory does not fit its declared fields',
    ])
  })

  it('that grows with each delivery, without a bound', () => {
    const growing = defineDetector({
      ...sound,
      memory: times,
      remember: (seen, { session, profile }) => ({
        profile,
        session: { times: [...session.times, seen.t] },
      }),
    })
    const scenes = [scene(), scene(), scene(), scene()]
    expect(behaviourFaults(growing, scenes).join('; ')).toMatch(/redelivery neutral.*bounded/)
  })

  it('that copies its memory for nothing', () =>
    expect(faultsOf({ ...sound, remember: (_seen, memory) => ({ ...memory }) })).toContain(
      'unchanged',
    ))

  it.each([
    ['a score above 1000', { score: 1001 }],
    ['half a score', { score: 0.5 }],
    ['a score of its own', { score: 2 }],
    ['a half-life of its own', { halfLifeMs: 1_000 }],
    ['an undeclared reason', { reason: 'OTHER' }],
    ['no message', { message: '' }],
    ['evidence that is no number', { evidence: { speedKmh: Number.NaN } }],
  ])('that finds %s', (_name, over) =>
    expect(faultsOf({ ...sound, detect: () => ({ ...finding, ...over }) })).toContain('finding'),
  )

  it.each([
    ['name', { name: 'Broken_Detector' }],
    ['reason', { reasons: { broken: 'It is broken.' } }],
    ['reasons', { reasons: {} }],
    ['about', { about: { sees: '', misses: ['Most.'], mistakes: ['Some.'] } }],
    ['misses', { about: { sees: 'Faults.', misses: [], mistakes: ['Some.'] } }],
    ['mistakes', { about: { sees: 'Faults.', misses: ['Most.'], mistakes: ['some'] } }],
    ['param', { params: { maximumSpeed: 900 } }],
    ['memory', { memory: { session: { times: list(1_000, time) }, profile: {} } }],
  ])('that declares a bad %s', (what, over) =>
    expect(declarationFaults({ ...sound, ...over }).join()).toContain(what),
  )
})
