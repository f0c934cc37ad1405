/** One population against the present rules: what `npm run population` starts. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { reportText } from '@holdpoint/standalone'
import { drive } from './drive.ts'

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '2000' },
    workloads: { type: 'string', default: '200' },
    days: { type: 'string', default: '14' },
    seed: { type: 'string', default: '1' },
    write: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const file = values.write === undefined ? null : createWriteStream(values.write)
let shownAt = 0
const report = await drive({
  people: Number(values.people),
  workloads: Number(values.workloads),
  days: Number(values.days),
  seed: Number(values.seed),
  onEvent: async (event) => {
    if (file !== null && !file.write(`${JSON.stringify(event)}\n`)) await once(file, 'drain')
  },
  onProgress(part) {
    if (Date.now() - shownAt < 5_000) return
    shownAt = Date.now()
    process.stderr.write(`${Math.floor(part * 100)} % of the days are over\n`)
  },
})
file?.end()
process.stdout.write(`${values.json ? JSON.stringify(report) : reportText(report).join('\n')}\n`)
