import { setTimeout as sleep } from 'node:timers/promises'

/** @type {readonly import('../rotation.mjs').FaultKind[]} */
export const registryFaults = [
  {
    name: 'registry: kill -9 and start again',
    hurts: 'registry',
    share: 1,
    async inject({ fleet }, chance) {
      const registry = fleet.nodes.get('registry')
      if (registry === undefined) throw new Error('the fleet has no registry')
      const harmedAt = performance.now()
      await registry.kill()
      await sleep(chance.between(1_000, 5_000))
      return { harmedAt, heal: () => registry.start() }
    },
  },
]
