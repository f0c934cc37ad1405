import { createHmac, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Keyed hashes (HMAC-SHA256, truncated): what state and metrics hold instead of ids and addresses.
 * A plain hash of an IPv4 address can be reversed by trying all of them, so there is a key.
 */
export interface Hasher {
  /** 22 characters of base64url (16 bytes), which name state: over (tenant, subject) or (tenant, subject, session). */
  key(...parts: readonly string[]): string
  /** A whole number from 1 to 2^53 - 1, remembered: for values that come again. */
  number(kind: HashKind, ...parts: readonly string[]): number
}

/** Keeps equal texts of different meaning apart. */
export type HashKind =
  | 'address'
  | 'prefix'
  | 'device'
  | 'fingerprint'
  | 'app'
  | 'credential'
  | 'binding'

/** Values remembered; about 10 MiB where all are in use. */
const cacheSize = 50_000

/** @param secret at least 32 characters; another secret makes all state and sessions unknown */
export function createHasher(secret: string): Hasher {
  const keys = new LRUCache<string, string>({ max: cacheSize })
  const numbers = new LRUCache<string, number>({ max: cacheSize })
  const digest = (text: string): Buffer => createHmac('sha256', secret).update(text).digest()
  const toNumber = (text: string): number => {
    const bytes = digest(text)
    // 48 + 5 bits; 0 stands for "none", so it is never the hash of something.
    return bytes.readUIntBE(0, 6) * 32 + (bytes.readUInt8(6) & 31) || 1
  }
  return {
    key(...parts) {
      const text = joined('key', parts)
      let found = keys.get(text)
      if (found === undefined) {
        found = digest(text).toString('base64url', 0, 16)
        keys.set(text, found)
      }
      return found
    },
    number(kind, ...parts) {
      const text = joined(kind, parts)
      let found = numbers.get(text)
      if (found === undefined) {
        found = toNumber(text)
        numbers.set(text, found)
      }
      return found
    },
  }
}

/**
 * The number by which repeats of an event are known, below 2^53. It hides nothing (the id stands beside
 * it) and is needed once for every event, so it is plain SHA-256, at a sixth of the cost of an HMAC.
 */
export function eventHash(tenant: string, source: string, id: string): number {
  return (
    Number.parseInt(hash('sha256', joined('event', [tenant, source, id])).slice(0, 13), 16) || 1
  )
}

/** Lengths stand before the parts, so that no two lists of parts make one text. */
function joined(kind: string, parts: readonly string[]): string {
  let text = kind
  for (const part of parts) text += `|${part.length}:${part}`
  return text
}
