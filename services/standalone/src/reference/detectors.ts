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

export function detectorsPage(): string {
  return page(
    'Detectors',
    'Each detector judges one event against what is remembered, and gives at most one reason with a score from 0 to 1000 and the evidence for it. A score of 1000 is conclusive. Without an input that it needs a detector is blind: counted, never a risk. `docs/adr/0004-contexts-and-proof.md` says what a proven context is. Parameters are the defaults; policy may tune them.',
    table(
      ['reason', 'family', 'detector'],
      detectors.flatMap(({ name, family, reasons }) =>
        Object.keys(reasons).map((reason) => [code(reason), family, `[${name}](#${name})`]),
      ),
    ),
    `Families, in the order in which they are assessed: ${families.join(', ')}.`,
    ...detectors.map(detectorSection),
  )
}

function detectorSection({
  name,
  family,
  reasons,
  params,
  needs: wanted,
  seesFailedLogins,
  memory,
}: Detector): string {
  const rows = Object.entries(params).map(([param, value]) => [code(param), String(value)])
  const kept = [...Object.keys(memory.session), ...Object.keys(memory.profile)]
  return section(
    name,
    [
      `Family: ${family}.`,
      wanted.length === 0
        ? 'Needs nothing in particular.'
        : `Needs ${wanted.map((need) => needs[need]).join(', ')}.`,
      kept.length === 0 ? 'Remembers nothing.' : `Remembers ${codes(kept)}.`,
      ...(seesFailedLogins ? ['Sees logins that failed, too.'] : []),
    ].join(' '),
    Object.entries(reasons)
      .map(([reason, sentence]) => `- ${code(reason)}: ${sentence}`)
      .join('\n'),
    rows.length === 0 ? '' : table(['parameter', 'default'], rows),
  )
}
