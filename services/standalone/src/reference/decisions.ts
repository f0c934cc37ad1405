import { topicTable } from '@holdpoint/contracts'
import { schemaRows } from './avro.ts'
import { code, page, section, table } from './markdown.ts'

export function decisionsPage(): string {
  const types = topicTable.filter(({ role, schema }) => role === 'decision' && schema !== null)
  const [first] = types
  const { rows } = schemaRows(first?.schema ?? '')
  return page(
    'Decisions',
    'What Holdpoint publishes about a session. Delivery is at least once; by `decisionId` its effect can be exactly once. On Kafka the value is Avro in the Confluent wire format, the key is `tenant|subject`, and the headers are CloudEvents 1.0 in binary mode (`ce_id` is the `decisionId`). Each decision carries the whole posture of its session: act on the highest `sequence`, whatever topic it came by.',
    section(
      'Types',
      table(
        ['type, and topic', 'meaning'],
        types.map(({ name, schema }) => [code(name), schemaRows(schema ?? '').doc]),
      ),
    ),
    section(
      'Fields',
      'All types have the same fields. Times are milliseconds since 1970 in Avro and ISO 8601 in JSON.',
      table(
        ['field', 'type', 'may be null', 'meaning'],
        rows.map((row) => [code(row.path), row.type, row.required ? '' : 'yes', row.doc]),
      ),
    ),
  )
}
