import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { graveLines, isWatchdog } from './logs.mjs'

const stalled = '{"level":"fatal","error":{"code":"reader_stalled"},"msg":"cannot go on, stopping"}'
const other = '{"level":"fatal","error":{"code":"log_truncated"},"msg":"cannot go on, stopping"}'

it('takes every fatal line for grave, but for that of the watchdog', () => {
  const dir = mkdtempSync(join(tmpdir(), 'holdpoint-logs-'))
  try {
    const file = join(dir, 'engine-1.log')
    writeFileSync(file, ['{"level":"warn"}', stalled, other, 'FATAL ERROR: heap limit'].join('\n'))
    expect(graveLines('engine-1', file)).toEqual([
      `engine-1: ${other}`,
      'engine-1: FATAL ERROR: heap limit',
    ])
    expect([stalled, other].map(isWatchdog)).toEqual([true, false])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
