import { readFileSync } from 'node:fs'

/** What no service may ever log: it could not go on, it missed an error, or a partition waits for a person. */
const grave = [
  /"level":"fatal"/,
  /partition stopped/,
  /unhandled ?rejection/i,
  /^FATAL ERROR: /,
  /^(Uncaught|node:internal|\s+at .*node:internal)/,
]

/**
 * The guard against a client that hangs at work: the process says so, ends, and is started again
 * (docs/explanation/client-hazards.md). Counted, and no broken promise.
 *
 * @param {string} line
 */
export const isWatchdog = (line) =>
  /"level":"fatal"/.test(line) && /"code":"reader_stalled"/.test(line)

/**
 * The grave lines of a log, each with the log's name.
 *
 * @param {string} name
 * @param {string} file
 * @returns {readonly string[]}
 */
export function graveLines(name, file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => grave.some((sign) => sign.test(line)) && !isWatchdog(line))
    .map((line) => `${name}: ${line.slice(0, 600)}`)
}
