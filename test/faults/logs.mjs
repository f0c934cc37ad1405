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
 * The grave lines of a log, each with the log's name.
 *
 * @param {string} name
 * @param {string} file
 * @returns {readonly string[]}
 */
export function graveLines(name, file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => grave.some((sign) => sign.test(line)))
    .map((line) => `${name}: ${line.slice(0, 600)}`)
}
