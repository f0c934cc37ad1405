import {
  eventBytesMax,
  eventDepthMax,
  idLimits,
  listLimits,
  rawTopicOf,
  textLimits,
  topics,
} from '@holdpoint/contracts'
import { batchMax } from '@holdpoint/ingest'
import { eventTypes, factMax } from '@holdpoint/risk'
import { schemaRows } from './avro.ts'
import { code, page, section, table } from './markdown.ts'

export function eventsPage(): string {
  const { rows } = schemaRows('session-events.avsc')
  return page(
    'Events',
    `What producers send: the same fields as JSON (\`POST /v1/events\`, one event or a list of up to ${batchMax}) and as Avro in the Confluent wire format on the raw topics. Unknown fields are ignored. Absent, \`null\` and \`""\` are one. An unknown word where a list of words stands counts as \`unknown\`, but for \`type\` and \`kind\` of a subject or actor, which are refused. The tenant is the credential's or the topic's; in recorded files the event's own counts.`,
    section(
      'Topics by type',
      `\`${topics.any}\` takes every type, for producers that need order across types: key it by subject.`,
      table(
        ['type', 'topic'],
        eventTypes.map((type) => [code(type), code(rawTopicOf(type))]),
      ),
    ),
    section(
      'Feedback',
      '`feedback` says what a decision turned out to be. It is heard with `initiator: admin` alone, and where it names the decision, its session and its subject; anything else is counted as `unheard` in `holdpoint_engine_events_total`, and changes nothing. `confirmed` (it was a thief): the context that the decision rests on proves and teaches nothing more; to end sessions send a `revocation`. `dismissed` (it was the subject): that context is proven, and half of its risk goes, but none of token or client. It may come late, as long as the session is remembered, and again; the last word by `occurredAt` counts. Send what users say of their own sessions with `initiator: user`: it is not heard, since in a stolen session it may be the thief’s word.',
    ),
    section(
      'Fields',
      `An event needs a \`subject\` or a \`sessionId\`. Times are ISO 8601 with their offset in JSON, or whole milliseconds since 1970. An event has at most ${eventBytesMax} bytes and ${eventDepthMax} levels of objects and lists; no key may be named \`__proto__\` or \`constructor\`.`,
      table(
        ['field', 'type', 'required', 'default', 'limit', 'meaning'],
        rows.map((row) => [
          code(row.path),
          row.type,
          row.required && !row.path.includes('.') ? 'yes' : row.required ? 'within its object' : '',
          code(row.default),
          limitOf(row.path),
          row.doc,
        ]),
      ),
    ),
    section(
      'Facts across subjects',
      `These are Holdpoint's own: it counts them over all subjects of a tenant and stamps them on each login that names its subject, whatever a producer may send under this name. A network is the /24 or /48 of the address here, and one that the client claims for itself is not counted. Each count stops at ${factMax}. A repeat counts once. Where the counts do not answer, the login goes on without them.`,
      table(
        ['fact', 'meaning'],
        schemaRows('holdpoint-events.avsc')
          .rows.filter(({ path }) => path.startsWith('event.facts.'))
          .map(({ path, doc }) => [code(path.replace('event.', '')), doc]),
      ),
    ),
  )
}

function limitOf(path: string): string {
  const limits: string[] = []
  const items = (listLimits as Readonly<Record<string, number>>)[path]
  if (items !== undefined) limits.push(`${items} items`)
  const cut = (textLimits as Readonly<Record<string, number>>)[path]
  if (cut !== undefined) limits.push(`cut at ${cut} characters`)
  const refused = (idLimits as Readonly<Record<string, number>>)[path]
  if (refused !== undefined) limits.push(`refused above ${refused} characters`)
  return limits.join(', ')
}
