import { errorCodes } from '@holdpoint/contracts'
import { engineErrorCodes, engineStopCodes } from '@holdpoint/engine'
import { ingestErrorCodes } from '@holdpoint/ingest'
import { code, page, section, table } from './markdown.ts'

export function errorCodesPage(): string {
  return page(
    'Error codes',
    'Why an event is refused. HTTP answers 400 with `application/problem+json` (RFC 9457): each entry of `errors` has the `code`, a JSON pointer to the field, and a sentence with the mend; no event of the request is taken. A record from Kafka goes to `<topic>.dlq` byte for byte, with the code in the header `holdpoint.error.code`, and its partition moves on. One too large even for that topic goes without its value (or without key and headers too): `holdpoint.error.truncated` says so, and `holdpoint.error.size` how large the value was.',
    section('Of the record and its fields', rows(errorCodes)),
    section('Of ingest', rows(ingestErrorCodes)),
    section(
      'Of the engine',
      'A record of `holdpoint.events` that the engine cannot use goes to `holdpoint.events.dlq`, in the same commit as what it folds beside it.',
      rows(engineErrorCodes),
    ),
    section(
      'A stopped partition',
      'These stop one partition until an operator acts; the others go on. They stand in the log with the mend, in `/readyz`, and in the metric `holdpoint_engine_partition_stopped`.',
      rows(engineStopCodes),
    ),
  )
}

const rows = (sentences: Readonly<Record<string, string>>): string =>
  table(
    ['code', 'meaning'],
    Object.entries(sentences).map(([name, sentence]) => [code(name), sentence]),
  )
