/** `holdpoint dlq show`: one letter, whole, for a person or as JSON. */
import type { SchemaCatalogue } from '@holdpoint/contracts'
import type { HeaderValue, Log } from '@holdpoint/log'
import { CommandError } from '../errors.ts'
import { letterCodes } from './codes.ts'
import { type Letter, letterOf, type Place, placeText } from './letter.ts'
import { lookGroup, readSpans, spansOf } from './read-spans.ts'
import { aligned, bytesToJson, bytesToLine, escaped, jsonLine, preview, timeText } from './text.ts'
import { type ReadValue, readValue } from './value.ts'

export interface ShownLetter {
  readonly letter: Letter
  readonly value: ReadValue
}

/**
 * Reads one letter and what its value says.
 * @throws CommandError where there is none at that place
 */
export async function findLetter(
  log: Log,
  place: Place,
  catalogue: SchemaCatalogue,
): Promise<ShownLetter> {
  const { topic, partition, offset } = place
  const spans = await spansOf(log, [topic])
  const here = spans[partition]
  if (here === undefined) {
    throw new CommandError(`${topic} has partitions 0 to ${spans.length - 1}, and no ${partition}`)
  }
  if (offset < here.low || offset >= here.high) {
    throw new CommandError(
      here.low === here.high
        ? `${topic} holds nothing in partition ${partition}: holdpoint dlq ls tells where something is`
        : `${topic} holds offsets ${here.low} to ${here.high - 1} in partition ${partition}, and no ${offset}`,
    )
  }
  const found: Letter[] = []
  await readSpans({
    log,
    groupId: lookGroup(),
    spans: spans.map((span) =>
      span === here ? { ...span, low: offset, high: offset + 1 } : { ...span, low: span.high },
    ),
    passes: [
      async (_span, records) => {
        for (const record of records) {
          const letter = letterOf({ topic, partition }, record)
          if (letter !== null) found.push(letter)
        }
        return 'more'
      },
    ],
    onProgress: () => undefined,
  })
  const [letter] = found
  if (letter === undefined) {
    throw new CommandError(
      `${placeText(place)} is no dead letter: it has no holdpoint.error.* headers`,
    )
  }
  return { letter, value: await readValue(letter, catalogue) }
}

/** For a person. */
export function letterLines({ letter, value }: ShownLetter): readonly string[] {
  const { from, code, message, record, redriven } = letter
  const again = `${redriven} ${redriven === 1 ? 'time' : 'times'}, last from ${escaped(letter.redrivenFrom)}`
  const facts = [
    ['refused', timeText(record.timestamp)],
    ['came from', from === null ? 'unknown' : escaped(placeText(from))],
    ['stage', escaped(letter.stage)],
    ['code', `${escaped(code)}: ${letterCodes.get(code) ?? 'A code of another release.'}`],
    ['message', escaped(message)],
    ['attempts', String(letter.attempts)],
    ...(redriven > 0 ? [['redriven', again]] : []),
    ...(letter.truncated === '' ? [] : [['left out', escaped(letter.truncated)]]),
    ['key', record.key === null ? 'none' : bytesToLine(record.key)],
  ]
  return [
    placeText(letter.at),
    ...indented(aligned(facts.map(([name = '', text = '']) => [name, text]))),
    '',
    'headers',
    ...indented(headerLines(letter)),
    '',
    ...valueLines(letter, value),
    '',
    'faults as of now',
    ...indented(faultLines(value)),
  ]
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

const valuesOf = (value: HeaderValue | readonly HeaderValue[]): readonly Buffer[] =>
  [value].flat().map((one) => (typeof one === 'string' ? Buffer.from(one) : (one as Buffer)))

function headerLines({ record }: Letter): readonly string[] {
  const rows = Object.entries(record.headers).flatMap(([name, value]) =>
    valuesOf(value).map((one) => [escaped(name), bytesToLine(one)]),
  )
  return rows.length === 0 ? ['none'] : aligned(rows)
}

function valueLines({ record }: Letter, value: ReadValue): readonly string[] {
  const { form, schemaId, content } = value
  if (record.value === null) return ['no value']
  const schema = schemaId === null ? '' : `, schema ${schemaId}`
  const size = `${record.value.length} bytes${schema}`
  if (form === 'bytes') return [`value, not decoded (${size})`, ...indented(preview(record.value))]
  const lines = JSON.stringify(content, null, 2).split('\n').map(escaped)
  return [`value, from ${form === 'json' ? 'JSON' : 'Avro'} (${size})`, ...indented(lines)]
}

const faultLines = ({ faults }: ReadValue): readonly string[] =>
  faults.length === 0
    ? ['none in its bytes']
    : aligned(
        faults.map(({ path, code, message }) => [
          escaped(path || '(whole)'),
          code,
          escaped(message),
        ]),
      )

/** For a machine, one line. What is no text stands as `{"base64": ...}`. */
export function letterJson({ letter, value }: ShownLetter): string {
  const { at, from, stage, code, message, attempts, truncated, redriven, redrivenFrom } = letter
  const { key, value: raw, headers, timestamp } = letter.record
  return jsonLine({
    ...at,
    refusedAt: timeText(timestamp),
    from,
    stage,
    code,
    message,
    attempts,
    truncated,
    redriven,
    redrivenFrom,
    key: key === null ? null : bytesToJson(key),
    headers: Object.entries(headers).flatMap(([name, all]) =>
      valuesOf(all).map((one) => ({ name, value: bytesToJson(one) })),
    ),
    value: raw === null ? null : { bytes: bytesToJson(raw), ...value, faults: undefined },
    faults: value.faults,
  })
}
