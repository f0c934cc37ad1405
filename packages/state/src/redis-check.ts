/** Whether a Redis may hold risk state, and how full it is. */
import type { Redis } from 'ioredis'
import { type MemoryUsage, StateError } from './ports.ts'

/** XTRIM MINID and exclusive XRANGE ids came with it. */
const oldest = [6, 2] as const

/**
 * Throws `StateError` where a node is too old or may drop states to make room. `INFO` tells both and,
 * unlike `CONFIG`, is allowed by hosted Redis.
 */
export async function checkServer(nodes: readonly Pick<Redis, 'info'>[]): Promise<void> {
  for (const node of nodes) {
    const info = infoFields(await node.info())
    const version = info.get('redis_version') ?? ''
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
      throw new StateError(
        'redis_too_old',
        `Redis is version ${version || 'unknown'}: ${oldest.join('.')} or newer is needed`,
      )
    const policy = info.get('maxmemory_policy') ?? 'unknown'
    if (policy !== 'noeviction')
      throw new StateError(
        'eviction_policy',
        `maxmemory-policy of Redis is ${policy}, so it may drop risk state in silence: set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf)`,
      )
  }
}

/** Of the fullest node. */
export async function memoryUsage(nodes: readonly Pick<Redis, 'info'>[]): Promise<MemoryUsage> {
  const usages = await Promise.all(
    nodes.map(async (node) => {
      const info = infoFields(await node.info('memory'))
      return {
        usedBytes: Number(info.get('used_memory') ?? 0),
        maxBytes: Number(info.get('maxmemory') ?? 0),
      }
    }),
  )
  return usages.reduce((a, b) => (share(b) > share(a) ? b : a))
}

const share = ({ usedBytes, maxBytes }: MemoryUsage): number =>
  maxBytes === 0 ? 0 : usedBytes / maxBytes

/** `name:value` a line, as INFO answers. */
function infoFields(info: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}
