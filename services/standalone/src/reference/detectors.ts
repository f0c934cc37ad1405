/** The catalogue of detectors: an index, and a page for each. All numbers are the detectors' own params. */
import { type Detector, detectors, families, type Need } from '@holdpoint/risk'
import { code, codes, page, section, table } from './markdown.ts'

const needs: Readonly<Record<Need, string>> = {
  network: 'a network',
  place: 'a place',
  client: 'a client',
  context: 'a network or a client',
  base: 'an earlier proven context of the session',
  history: 'an earlier proven login of the subject',
  'credential-life': 'a credential with its age, its end or its revocation',
  posture: 'a posture',
  parent: 'the session that this one was begun from',
}

const isScore = (param: string): boolean => param.startsWith('score')
const isHalfLife = (param: string): boolean => /halfLifeMs$/i.test(param)

/** The index, and `detectors/<name>.md` for each. */
export const detectorPages = (
  of: readonly Detector[] = detectors,
): readonly (readonly [file: string, text: string])[] => [
  ['detectors.md', indexPage(of)],
  ...of.map((detector) => [`detectors/${detector.name}.md`, detectorPage(detector)] as const),
]

const indexPage = (of: readonly Detector[]): string =>
  page(
    'Detectors',
    'Each detector judges one event against what is remembered, and gives at most one reason with a score from 0 to 1000 and the evidence for it. A score of 1000 is conclusive, one of 0 only alerts. Without an input that it needs a detector is blind: counted, never a risk. `docs/adr/0004-contexts-and-proof.md` says what a proven context is. Each page says what its detector sees, what passes it by and what it takes for an attack and is none.',
    table(
      ['reason', 'family', 'scores', 'detector'],
      of.flatMap(({ name, family, reasons, params }) => {
        const scores = Object.entries(params).filter(([param]) => isScore(param))
        const values = [...new Set(scores.map(([, score]) => score))].join(', ')
        const link = `[${name}](detectors/${name}.md)`
        return Object.keys(reasons).map((reason) => [code(reason), family, values, link])
      }),
    ),
    `Families, in the order in which they are assessed: ${families.join(', ')}. Within a family the largest score counts.`,
  )

function detectorPage(detector: Detector): string {
  const { name, family, about, params, memory } = detector
  const rest = Object.entries(params).filter(([param]) => !isScore(param))
  const kept = [...Object.keys(memory.session), ...Object.keys(memory.profile)]
  return page(
    name,
    about.sees,
    `Family: ${family}. ${kept.length === 0 ? 'Remembers nothing of its own.' : `Remembers ${codes(kept)}.`}${detector.seesFailedLogins ? ' Sees logins that failed, too.' : ''}`,
    section('Reasons', reasonList(detector)),
    section('When it is blind', blindness(detector)),
    section('Scores', scoreTable(params)),
    section(
      'Parameters',
      `Policy tunes them, and the scores, by name under \`detectors.${name}\`.`,
      rest.length === 0
        ? 'None but the scores.'
        : table(
            ['parameter', 'default'],
            rest.map(([param, value]) => [code(param), numberText(param, value)]),
          ),
    ),
    section('What passes it by', bullets(about.misses)),
    section('What it mistakes for an attack', bullets(about.mistakes)),
  )
}

/** What each reason means, one line a reason. */
const reasonList = ({ reasons }: Detector): string =>
  bullets(Object.entries(reasons).map(([reason, sentence]) => `${code(reason)}: ${sentence}`))

const blindness = ({ needs: wanted }: Detector): string =>
  wanted.length === 0
    ? 'Never: it needs nothing in particular. Where an event does not speak of what it looks at, it finds nothing.'
    : `It needs ${wanted.map((need) => needs[need]).join(', and ')}. Without, it judges nothing, and \`holdpoint_engine_detector_blind_total\` counts the event.`

function scoreTable(params: Detector['params']): string {
  const scores = Object.entries(params).filter(([param]) => isScore(param))
  return table(
    ['parameter', 'score', 'half-life'],
    scores.map(([param, score]) => [code(param), String(score), halfLifeOf(param, score, params)]),
  )
}

/** `loginHalfLifeMs` belongs to `scoreLogin`, `halfLifeMs` to every score of the detector. */
function halfLifeOf(score: string, value: number, params: Detector['params']): string {
  if (value === 0) return 'none: it only alerts'
  if (value >= 1000) return 'none: it is conclusive'
  const own = `${score.slice('score'.length).toLowerCase()}halflifems`
  const [param, ms] =
    Object.entries(params).find(([name]) => isHalfLife(name) && name.toLowerCase() === own) ??
    Object.entries(params).find(([name]) => name === 'halfLifeMs') ??
    []
  return param === undefined || ms === undefined
    ? 'none: bound to the session'
    : `${durationText(ms)} (${code(param)})`
}

const numberText = (param: string, value: number): string =>
  param.includes('Ms') ? `${value} (${durationText(value)})` : String(value)

function durationText(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const
  const [size, unit] = units.find(([of]) => ms >= of && ms % of === 0) ?? [1, 'ms']
  return size === 86_400_000 && ms < 3 * size ? `${ms / 3_600_000} h` : `${ms / size} ${unit}`
}

const bullets = (sentences: readonly string[]): string =>
  sentences.map((sentence) => `- ${sentence}`).join('\n')
