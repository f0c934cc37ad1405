/** How far long work has come, as a bar on the terminal. */
import cliProgress from 'cli-progress'

interface Output {
  readonly isTTY?: boolean
}

export interface Progress {
  /** Of the total that it was begun with. */
  update(done: number): void
  /** Takes the bar off the terminal, so that a line can be written there; it comes back by itself. */
  clear(): void
  stop(): void
}

/** A bar needs a terminal at stderr, and stays off one that shows JSON: what is copied from there must be whole. */
export const showsProgress = (of: {
  readonly stdout: Output
  readonly stderr: Output
  readonly json: boolean
}): boolean => of.stderr.isTTY === true && !(of.json && of.stdout.isTTY === true)

const eraseLine = '\r\u001b[K'
const saveCursor = '\u001b7'

const none: Progress = { update: () => undefined, clear: () => undefined, stop: () => undefined }

/** Draws on stderr where `showsProgress` allows it, and nothing elsewhere. */
export function startProgress(what: string, total: number, json: boolean): Progress {
  const { stdout, stderr } = process
  if (total === 0 || !showsProgress({ stdout, stderr, json })) return none
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    format: `${what} [{bar}] {percentage}% {eta_formatted} left`,
    clearOnComplete: true,
    // Cuts the bar at the edge of the terminal, rather than every line that is written meanwhile.
    linewrap: true,
    forceRedraw: true,
  })
  bar.start(total, 0)
  return {
    update: (done) => bar.update(done),
    clear: () => stderr.write(eraseLine),
    stop() {
      // The bar ends where the cursor was saved: at its start, which lines written meanwhile have moved.
      stderr.write(`${eraseLine}${saveCursor}`)
      bar.stop()
    },
  }
}
