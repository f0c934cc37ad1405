/** Replays a file: what `holdpoint replay` does between its flags and its exit code. */
import { type FieldError, parseRawJson } from '@holdpoint/contracts'
import type { Fold } from '@holdpoint/engine'
import type { Enrichment, Fault } from '@holdpoint/ingest'
import type { Decision } from '@holdpoint/risk'
import { CommandError } from '../errors.ts'
import { printable } from '../printable.ts'
import { type Line, readLines } from './lines.ts'
import { Replay, type Taken } from './replay.ts'

export interface RunOptions {
  readonly file: string
  readonly enrichment: Enrichment
  readonly partitions: number
  /** The shipped core, if it is not given. */
  readonly fold?: Fold
  /** Reports bad lines and goes on, instead of stopping at the first. */
  readonly skipBad: boolean
  /** Gives also what went to `session.shadow`. */
  readonly all?: boolean
  /** Awaited, so that a slow reader slows the replay down. */
  readonly onDecision: (decision: Decision) => Promise<void> | void
  /** What the SOC is told, as it is on `soc.alerts`. Awaited too. */
  readonly onAlert?: (json: string) => Promise<void> | void
  /** A bad line that is passed over. */
  readonly onBad: (message: string) => void
  /** Now and then, with the bytes of the file read so far. */
  readonly onProgress: (bytesRead: number) => void
}

export interface Summary {
  readonly events: number
  readonly decisions: number
  readonly bad: number
}

/** Lines between two reports of progress. */
const progressEvery = 500

/**
 * Folds the file in its order. Decisions come in the order of the lines that caused them.
 * @throws CommandError where the file cannot be read, and at a bad line unless those are skipped
 */
export async function runReplay(options: RunOptions): Promise<Summary> {
  const replay = new Replay(options)
  const { file, skipBad, onDecision, onAlert, onBad, onProgress } = options
  let events = 0
  let decisions = 0
  let bad = 0
  for await (const line of readableLines(file)) {
    if (line.number % progressEvery === 0) onProgress(line.bytesRead)
    const taken = await take(replay, line)
    if ('faults' in taken) {
      const message = badLine(file, line.number, taken.faults)
      if (!skipBad)
        throw new CommandError(`${message}\nMend the line, or pass bad lines over with --skip-bad`)
      bad += 1
      onBad(message)
      continue
    }
    events += 1
    for (const decision of taken.decisions) {
      decisions += 1
      await onDecision(decision)
    }
    if (onAlert !== undefined) for (const alert of taken.alerts) await onAlert(alert)
  }
  return { events, decisions, bad }
}

export type LineFault = Pick<FieldError | Fault, 'path' | 'code' | 'message'>

async function take(
  replay: Replay,
  line: Line,
): Promise<Extract<Taken, { ok: true }> | { readonly faults: readonly LineFault[] }> {
  const parsed = parseRawJson(line.bytes)
  if (!parsed.ok) return { faults: parsed.errors }
  const taken = await replay.take(parsed.event)
  return taken.ok ? taken : { faults: [taken.fault] }
}

/** A bad line's faults, each with its place and mend. */
export const badLine = (file: string, number: number, faults: readonly LineFault[]): string =>
  faults
    .map(
      ({ path, code, message }) =>
        `${file}:${number}${path === '' ? '' : ` ${printable(path)}`}: ${printable(message)} (${code})`,
    )
    .join('\n')

/**
 * The lines of a file of events.
 * @throws CommandError where it cannot be read
 */
export async function* readableLines(file: string): AsyncGenerator<Line> {
  try {
    yield* readLines(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || error instanceof CommandError) throw error
    throw new CommandError(`cannot read ${file} (${code}): name a file with one JSON event a line`)
  }
}
