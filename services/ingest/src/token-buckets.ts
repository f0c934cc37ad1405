import { LRUCache } from 'lru-cache'

/** Limits how many events a tenant may bring in a second; what was saved up lasts for two. */
export interface TokenBuckets {
  /** Takes `count` at once and answers 0, or takes none and answers how long to wait, ms. */
  take(tenant: string, count: number): number
}

const tenantsMax = 10_000
const burstSeconds = 2

/**
 * A list longer than the burst passes when the bucket is full and leaves a debt, so that no list
 * waits for ever.
 */
export function createTokenBuckets(perSecond: number, now: () => number): TokenBuckets {
  const burst = perSecond * burstSeconds
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: tenantsMax })
  return {
    take(tenant, count) {
      const at = now()
      const bucket = buckets.get(tenant) ?? { tokens: burst, at }
      const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond)
      const needed = Math.min(count, burst)
      const granted = tokens >= needed
      buckets.set(tenant, { tokens: granted ? tokens - count : tokens, at })
      return granted ? 0 : Math.ceil(((needed - tokens) / perSecond) * 1000)
    },
  }
}
