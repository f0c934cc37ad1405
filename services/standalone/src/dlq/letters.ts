/** All dead letters of topics, each with the word whether it was sent back. */
import type { Log } from '@holdpoint/log'
import { type Letter, letterOf, type Place } from './letter.ts'
import {
  countOf,
  type Pass,
  type ReadOptions,
  readSpans,
  type Span,
  spansOf,
} from './read-spans.ts'
import { receiptIn, SentBack } from './receipts.ts'

/** Which letters are meant. */
export interface Selection {
  /** Of dead-letter topics. */
  readonly topics: readonly string[]
  readonly code?: string | undefined
  /** Those refused before are left out, ms since the epoch. */
  readonly since?: number | undefined
  /** This one alone. */
  readonly only?: Place | undefined
}

const isSelected = ({ code, since }: Selection, letter: Letter): boolean =>
  (code === undefined || letter.code === code) &&
  (since === undefined || letter.record.timestamp >= since)

/** Takes the selected letters of one batch, all of one partition. `enough` ends the reading. */
export type OnLetters = (
  letters: readonly Letter[],
  sentBack: SentBack,
) => Promise<'enough' | 'more'>

export interface LettersOptions extends Pick<ReadOptions, 'groupId' | 'patience'> {
  readonly log: Log
  readonly selection: Selection
  readonly onLetters: OnLetters
  readonly startProgress: (total: number) => {
    readonly update: (done: number) => void
    readonly stop: () => void
  }
}

/**
 * Reads what the topics hold once the group is this reading's alone, twice: first for the receipts, which lie behind the letters they are for.
 * Keeps one batch of each partition and one bit for each record.
 * @throws CommandError where topics are missing, records stay away, or the group is read elsewhere
 */
export async function readLetters(options: LettersOptions): Promise<void> {
  const { log, groupId, selection, onLetters, patience } = options
  const look = async () => narrowed(await spansOf(log, selection.topics), selection.only)
  const sentBack = new Map<Span, SentBack>()
  const sentBackOf = (span: Span): SentBack => {
    const bits = sentBack.get(span) ?? new SentBack(span)
    sentBack.set(span, bits)
    return bits
  }
  const receipts: Pass = async (span, records) => {
    for (const record of records) {
      if (letterOf(span, record) !== null) continue
      for (const range of receiptIn(record)) sentBackOf(span).mark(range)
    }
    return 'more'
  }
  const letters: Pass = (span, records) => {
    const { topic, partition } = span
    const found = records.flatMap((record) => letterOf({ topic, partition }, record) ?? [])
    return onLetters(
      found.filter((letter) => isSelected(selection, letter)),
      sentBackOf(span),
    )
  }
  const passes = [receipts, letters]
  let progress: ReturnType<LettersOptions['startProgress']> | undefined
  await readSpans({
    log,
    groupId,
    spans: await look(),
    // Receipts of a run that has just ended must be seen, else its letters are sent twice.
    async lookAgain() {
      const spans = await look()
      progress?.stop()
      progress = options.startProgress(countOf(spans) * passes.length)
      return spans
    },
    passes,
    onProgress: (records) => progress?.update(records),
    ...(patience === undefined ? {} : { patience }),
  }).finally(() => progress?.stop())
}

/** The spans with nothing in them but the one record, where one alone is meant: its receipts do not matter. */
function narrowed(spans: readonly Span[], only: Place | undefined): readonly Span[] {
  if (only === undefined) return spans
  return spans.map((span) => {
    const here = span.topic === only.topic && span.partition === only.partition
    const kept = here && only.offset >= span.low && only.offset < span.high
    return kept ? { ...span, low: only.offset, high: only.offset + 1 } : { ...span, low: span.high }
  })
}
