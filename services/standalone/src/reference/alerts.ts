import { closings, detectionFinding, ocsfVersion, topics } from '@holdpoint/contracts'
import {
  type Alert,
  attackEdition,
  controls,
  detectors,
  type Meaning,
  meaningOf,
  ownReasons,
  techniques,
} from '@holdpoint/risk'
import { code, codes, page, section, table } from './markdown.ts'

export function alertsPage(): string {
  return page(
    'Alerts',
    `What the SOC is told, on ${code(topics.alerts)}: each record is one OCSF ${ocsfVersion} Detection Finding (class 2004) as JSON, without a schema. The key is ${code('tenant|subject')}, the headers are CloudEvents 1.0 in binary mode. Delivery is at least once: ${code('metadata.uid')} (also ${code('ce_id')}) is the same for a repeat, and so are the bytes. ${code('docs/how-to/send-alerts-to-a-siem.md')} brings them into Elastic and Splunk.`,
    section('Life of a finding', life),
    section('Fields', fieldTable()),
    section(
      'How a finding is closed',
      table(
        [code('unmapped.closed_by'), code('status_detail')],
        Object.entries(closings).map(([word, sentence]) => [code(word), sentence]),
      ),
    ),
    section(
      'Reasons',
      `Techniques are those of MITRE ATT&CK for Enterprise, version ${attackEdition}.`,
      reasonTable(),
    ),
    section(
      'Controls',
      'What a finding, and a decision that rests on it, is evidence for. Older ids are aliases, in `unmapped.control_aliases`.',
      table(
        ['id', 'about', 'of', 'older ids'],
        Object.entries(controls).map(([id, { title, edition, aliases }]) => [
          code(id),
          title,
          edition,
          codes(aliases),
        ]),
      ),
    ),
    section(
      'An example',
      `\`\`\`json\n${JSON.stringify(detectionFinding(example, '203.0.113.77'), null, 2)}\n\`\`\``,
    ),
  )
}

const life = `One finding is what one reason says of one session (of one subject, where no session is spoken of), from ${code('Create')} over ${code('Update')} to ${code('Close')} under one ${code('finding_info.uid')}. It is told when it is made, when it weighs more, when a decision about its session is taken (step-ups for freshness apart), and when it is over: never for each event that finds it again. What only alerts is told again at most once an hour, with how often it was found in ${code('count')}. A revocation always has a finding, created and closed at once where nothing else explains it.

Findings of one session share ${code('metadata.correlation_uid')}. Left open for whoever reads it is a finding about a session that was revoked already, about a subject without a session, or about a session that fell silent: that one is forgotten 48 h after its last event, and closed as ${code('expired')} only if it comes back.

What a partition says of itself has a life too: ${code('REVOCATION_HELD')} is closed when an operator answers it or its session is over, ${code('STORM_CAP_STEPUPS')} and ${code('STORM_CAP_REVOCATIONS')} five minutes after the last that was kept back, ${code('OBSERVE_ONLY')} when the switch is turned back.`

const fields: readonly (readonly [path: string, meaning: string])[] = [
  ['activity_id', '1 Create, 2 Update, 3 Close'],
  [
    'severity_id',
    'Of the finding by itself: 2 Low, 3 Medium from 400, 4 High from 700, 5 Critical where it is conclusive or has a part of 400 or more in a session at 900. What only alerts has the severity of the table below',
  ],
  ['status_id', '1 New, 2 In Progress, 4 Resolved'],
  ['risk_level_id, risk_score', 'Of the whole session: 1 Low, 2 Medium, 3 High, and 0 to 1000'],
  ['confidence_id', '1 Low, 2 Medium from 300, 3 High from 700'],
  ['time', 'Decision time, ms; a step-up that was not answered is told with its deadline'],
  ['start_time, end_time, count', 'When it was found first and last, and how often'],
  [
    'finding_info.uid',
    'The finding, the same from create to close, in every generation of the log',
  ],
  ['finding_info.types', 'The reason'],
  ['finding_info.analytic', 'The detector'],
  ['finding_info.attacks', 'MITRE ATT&CK'],
  ['actor.user, actor.session', 'Whose session it is'],
  ['evidences[0].data', 'The finding in words and its evidence, previous and present'],
  [
    'evidences[0].src_endpoint',
    'Where the event that caused this alert came from, with the address itself; absent where time caused it, or another session',
  ],
  ['enrichments', 'Each decision that was taken with it'],
  ['unmapped.controls', 'The controls below'],
  ['unmapped.session_status', 'As in decisions'],
  ['unmapped.actors', 'Who acted for the subject, nearest first'],
  ['unmapped.cause', 'The event, and where its record stands in the internal log'],
]

const fieldTable = (): string =>
  table(
    ['attribute', 'meaning'],
    fields.map(([path, meaning]) => [codes(path.split(', ')), meaning]),
  )

function reasonTable(): string {
  const reasons = [...detectors.flatMap((d) => Object.keys(d.reasons)), ...ownReasons]
  return table(
    ['reason', 'title', 'ATT&CK', 'controls', 'severity where it only alerts'],
    [...new Set(reasons)].map((reason) => {
      const meaning = meaningOf(reason)
      return [
        code(reason),
        meaning.title,
        meaning.attack.map(techniqueText).join(', '),
        codes(meaning.controls),
        meaning.urgency ?? 'low',
      ]
    }),
  )
}

const techniqueText = (id: Meaning['attack'][number]): string =>
  `${code(id)} ${techniques[id].name}`

const at = Date.UTC(2026, 10, 22, 10, 20)

const example: Alert = {
  alertId: '1.7.4711.2',
  uid: `EBESExQVFhcYGRobHB0eHw.impossible-travel.IMPOSSIBLE_TRAVEL.${at}`,
  key: 'EBESExQVFhcYGRobHB0eHw',
  activity: 'create',
  closedBy: null,
  at,
  firstSeen: at,
  lastSeen: at,
  count: 1,
  tenant: 'default',
  subject: { id: 'alice', kind: 'human', iss: 'https://idp.example' },
  sessionId: 's-1',
  reason: {
    detector: 'impossible-travel',
    reason: 'IMPOSSIBLE_TRAVEL',
    family: 'place',
    score: 720,
    message: 'London, GB to São Paulo, BR (9,480 km) in 20 min',
    evidence: { previousPlace: 'London, GB', place: 'São Paulo, BR', minutesApart: 20 },
  },
  risk: { level: 'HIGH', score: 720 },
  status: 'step_up_required',
  decisions: [],
  event: null,
  cause: { eventId: '01JD0000000000000000000001', partition: 7, offset: 4711 },
}
