/** One of the processes that `infra/bin/sim.mjs` gives seeds to; each answer is the verdict of one run. */
import { simulate } from './run.ts'
import { weakerDesigns } from './weaker-designs.ts'

const design = process.argv[2] ?? ''
const weaker = design === '' ? null : (weakerDesigns[design] ?? null)

process.on('message', async (seed: number) => {
  const verdict = await simulate(seed, weaker)
  process.send?.({ ...verdict, faults: [...verdict.faults] })
})
process.send?.('ready')
