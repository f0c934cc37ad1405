import fc from 'fast-check'
import { expect, test } from 'vitest'
import { receiptIn, receiptOf, SentBack } from './receipts.ts'
import { aligned, bytesToLine, escaped, jsonLine, preview, timeText } from './text.ts'

/** Every code point, half of a surrogate pair too. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10_ffff }), { maxLength: 40 })
  .map((points) => String.fromCodePoint(...points))

const steering = /[\p{C}\p{Zl}\p{Zp}]/u

test('whatever a text holds, a terminal is given one line of letters', () => {
  fc.assert(
    fc.property(anyText, fc.uint8Array(), (text, bytes) => {
      const buffer = Buffer.from(bytes)
      const lines = [escaped(text), bytesToLine(buffer), ...preview(buffer)]
      expect(lines.filter((line) => steering.test(line))).toEqual([])
    }),
  )
})

test('JSON on a terminal steers nothing and says the same', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const line = jsonLine({ [text]: [text] })
      expect(line).not.toMatch(steering)
      expect(JSON.parse(line)).toEqual({ [text]: [text] })
    }),
  )
})

test.each([
  ['a\u001b[2J', 'a\\u{1b}[2J'],
  ['tag \u{e0041}', 'tag \\u{e0041}'],
  ['é, 日本', 'é, 日本'],
])('%j is escaped as %s', (text, expected) => expect(escaped(text)).toBe(expected))

test('bytes that are no text show in hex, and say how many more there are', () => {
  expect(preview(Buffer.from([0x00, 0xff, 0x41, 0x7b]))).toEqual([
    `0000  ${'00 ff 41 7b'.padEnd(47)}  ..A{`,
  ])
  expect(preview(Buffer.alloc(1_000, 0xff))).toHaveLength(33)
  expect(preview(Buffer.alloc(1_000, 0xff)).at(-1)).toBe(
    '... 488 bytes more; --raw FILE keeps them',
  )
  expect(preview(Buffer.from('plain'))).toEqual(['plain'])
})

test('a time that no calendar has shows as its number', () => {
  expect(timeText(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(timeText(9e15)).toBe('9000000000000000')
})

test('columns are as wide as their widest cell', () => {
  expect(aligned([['a', 'b'], ['long', 'c'], ['x']])).toEqual(['a     b', 'long  c', 'x'])
})

test('a receipt says which offsets were sent back, and no others', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (offsets) => {
      const sorted = [...offsets].sort((a, b) => a - b)
      const { headers = {}, key, value } = receiptOf(0, sorted)
      const marks = new SentBack({ low: 20, high: 180 })
      for (const range of receiptIn({ offset: 0, timestamp: 0, key, value, headers }))
        marks.mark(range)
      const marked = Array.from({ length: 201 }, (_, n) => n).filter((n) => marks.has(n))
      expect(marked).toEqual(sorted.filter((n) => n >= 20 && n < 180))
    }),
  )
})

test('a receipt that names more than there is costs no more than there is', () => {
  const headers = { 'holdpoint.redrive.done': '5-999999999999999,x,,7-3,-1' }
  const marks = new SentBack({ low: 0, high: 10 })
  for (const range of receiptIn({ offset: 0, timestamp: 0, key: null, value: null, headers }))
    marks.mark(range)
  expect([4, 5, 9, 10].map((offset) => marks.has(offset))).toEqual([false, true, true, false])
})
