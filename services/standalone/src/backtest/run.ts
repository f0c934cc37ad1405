/** Backtests a file: what `holdpoint backtest` does between its flags and its exit code. */
import { parseRawJson } from '@holdpoint/contracts'
import { CommandError } from '../errors.ts'
import type { Line } from '../replay/lines.ts'
import { badLine, type LineFault, readableLines } from '../replay/run.ts'
import { Backtest, type BacktestOptions } from './backtest.ts'
import { labelOf } from './label.ts'
import type { Report } from './report.ts'

export interface RunOptions extends BacktestOptions {
  readonly file: string
  /** Reports bad lines and goes on, instead of stopping at the first. */
  readonly skipBad: boolean
  /** A bad line that is passed over. */
  readonly onBad: (message: string) => void
  /** Now and then, with the bytes of the file read so far. */
  readonly onProgress: (bytesRead: number) => void
}

export interface Outcome {
  readonly report: Report
  /** Lines passed over. */
  readonly bad: number
}

/** Lines between two reports of progress. */
const progressEvery = 500

/**
 * Folds the file in its order and counts.
 * @throws CommandError where the file cannot be read, and at a bad line unless those are skipped
 */
export async function runBacktest(options: RunOptions): Promise<Outcome> {
  const backtest = new Backtest(options)
  const { file, skipBad, onBad, onProgress } = options
  let bad = 0
  for await (const line of readableLines(file)) {
    if (line.number % progressEvery === 0) onProgress(line.bytesRead)
    const faults = await take(backtest, line)
    if (faults.length === 0) continue
    const message = badLine(file, line.number, faults)
    if (!skipBad)
      throw new CommandError(`${message}\nMend the line, or pass bad lines over with --skip-bad`)
    bad += 1
    onBad(message)
  }
  return { report: backtest.report(), bad }
}

async function take(backtest: Backtest, { bytes }: Line): Promise<readonly LineFault[]> {
  const parsed = parseRawJson(bytes)
  if (!parsed.ok) return parsed.errors
  // Read a second time only where there is a label: ingest's own reading knows nothing of it.
  const read = bytes.includes('"label"') ? labelOf(JSON.parse(bytes.toString('utf8'))) : null
  if (read?.ok === false) return [{ path: read.path, code: 'wrong_type', message: read.message }]
  const taken = await backtest.take(parsed.event, read?.label ?? null)
  return taken.ok ? [] : [taken.fault]
}
