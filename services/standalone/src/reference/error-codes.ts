import { errorCodes } from '@holdpoint/contracts'
import { ingestErrorCodes } from '@holdpoint/ingest'
import { code, page, section, table } from './markdown.ts'

export function errorCodesPage(): string {
  return page(
    'Error codes',
    'Why an event is refused. HTTP answers 400 with `application/problem+json` (RFC 9457): each entry of `errors` has the `code`, a JSON pointer to the field, and a sentence with the mend; no event of the request is taken. A record from Kafka goes to `<topic>.dlq` byte for byte, with the code in the header `holdpoint.error.code`, and its partition moves on.',
    section('Of the record and its fields', rows(errorCodes)),
    section('Of ingest', rows(ingestErrorCodes)),
  )
}

const rows = (sentences: Readonly<Record<string, string>>): string =>
  table(
    ['code', 'meaning'],
    Object.entries(sentences).map(([name, sentence]) => [code(name), sentence]),
  )
