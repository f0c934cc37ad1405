/** One of the processes that `infra/bin/sim.mjs` gives seeds to; each answer is the verdict of one run. */
import { simulate } from './run.ts'
import { designOf } from './weaker-designs.ts'

const weaker = designOf(process.argv[2] ?? '')

process.on('message', async (seed: number) => {
  const verdict = await simulate(seed, weaker)
  process.send?.({ ...verdict, faults: [...verdict.faults] })
})
process.send?.('ready')
