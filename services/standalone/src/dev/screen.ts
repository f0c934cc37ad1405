/** The terminal: lines that stay, and below them one that is rewritten. */
import type { Paint } from './lines.ts'

interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Screen {
  line(text: string): void
  /** The last line, plain text. Where nobody looks on it is written as any other line, and seldom. */
  status(text: string): void
  close(): void
}

const eraseLine = '\r\u001b[2K'
/** Between two status lines where there is no terminal, ms. */
const plainStatusMs = 30_000

export function createScreen(output: Output, paint: Paint, now: () => number = Date.now): Screen {
  let shown = ''
  let saidAt = now()
  const isTerminal = output.isTTY === true
  return {
    line(text) {
      output.write(isTerminal && shown !== '' ? `${eraseLine}${text}\n${shown}` : `${text}\n`)
    },
    status(text) {
      if (isTerminal) {
        // One that wraps could not be rewritten; and a colour must not be cut in two.
        const width = (output.columns || 80) - 1
        const fitted = paint('dim', text.slice(0, width))
        if (fitted === shown) return
        shown = fitted
        output.write(`${eraseLine}${shown}`)
      } else if (now() - saidAt >= plainStatusMs) {
        saidAt = now()
        output.write(`${text}\n`)
      }
    },
    close() {
      if (isTerminal && shown !== '') output.write('\n')
      shown = ''
    },
  }
}
