import { decisionToJson } from '@holdpoint/contracts'
import { coreFold } from '@holdpoint/engine'
import { createEnrichment } from '@holdpoint/ingest'
import { foldPartition } from '@holdpoint/risk'
import { replayPartitions, runReplay } from '@holdpoint/standalone'
import { registries } from './cost-fold.mjs'

// One `holdpoint replay FILE --json` in a process of its own, forked: `node cost-replay.mjs FILE all|none`.
// It tells its parent how many events it took and how much CPU time, from the first line read to the last
// decision as text; what Node and the place data take to load is left out.

const [, , file = '', registry = 'all'] = process.argv
const chosen = registries[/** @type {import('./cost-fold.mjs').Registry} */ (registry)]
const enrichment = createEnrichment({ geoDataDir: undefined })
let bytes = 0
const from = process.cpuUsage()
const { events, decisions } = await runReplay({
  file,
  enrichment,
  partitions: replayPartitions,
  skipBad: false,
  fold: {
    ...coreFold,
    foldPartition: (meta, placed, states, policy) =>
      foldPartition(meta, placed, states, policy, chosen),
  },
  onDecision(decision) {
    bytes += JSON.stringify(decisionToJson(decision)).length
  },
  onBad() {},
  onProgress() {},
})
const { user, system } = process.cpuUsage(from)
process.send?.({ events, decisions, bytes, cpuMs: (user + system) / 1000 })
