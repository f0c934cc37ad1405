import { expect, test } from 'vitest'
import { paintFor } from './lines.ts'
import { createScreen } from './screen.ts'

const plain = (_style: unknown, text: string): string => text
const dimmed = (_style: unknown, text: string): string => `<${text}>`

function capture(isTTY: boolean) {
  let text = ''
  const output = {
    isTTY,
    columns: 20,
    write(more: string) {
      text += more
    },
  }
  return { output, text: () => text }
}

test('a pipe gets plain lines, and the status seldom', () => {
  const { output, text } = capture(false)
  let now = 0
  const screen = createScreen(output, plain, () => now)
  screen.line('a decision')
  screen.status('1 event')
  now = 30_000
  screen.status('2 events')
  screen.close()
  expect(text()).toBe('a decision\n2 events\n')
})

test('a terminal keeps the status below the lines, in its width', () => {
  const { output, text } = capture(true)
  const screen = createScreen(output, dimmed)
  screen.status('a status longer than the terminal')
  screen.line('a decision')
  screen.close()
  const erase = '\r\u001b[2K'
  const status = '<a status longer tha>'
  expect(text()).toBe(`${erase}${status}${erase}a decision\n${status}\n`)
})

test('colours only where a person looks on and wants them', () => {
  expect(paintFor({ isTTY: true }, {})('red', 'x')).toBe('\u001b[31mx\u001b[0m')
  expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })('red', 'x')).toBe('x')
  expect(paintFor({}, {})('red', 'x')).toBe('x')
})
