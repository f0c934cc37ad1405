/** The partition of a key, decided here for every writer and reader, never by a client's partitioner. */

const seed = 0x9747b28c
const m = 0x5bd1e995

/** murmur2 as Kafka's Java client computes it (`Utils.murmur2`), a signed 32-bit number. */
function murmur2(data: Uint8Array): number {
  const length = data.length
  let h = seed ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length & 3
  if (rest === 3) h ^= data[i + 2]! << 16
  if (rest >= 2) h ^= data[i + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ data[i]!, m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}

const scratch = Buffer.allocUnsafe(4096)

/**
 * The partition of a record key among `partitions`, as Java's default partitioner places it (murmur2 of
 * the UTF-8 bytes, its sign bit cleared).
 */
export function partitionOf(key: string, partitions: number): number {
  // Three bytes at most for each UTF-16 unit.
  const bytes =
    key.length * 3 <= scratch.length
      ? scratch.subarray(0, scratch.write(key, 'utf8'))
      : Buffer.from(key, 'utf8')
  return (murmur2(bytes) & 0x7fffffff) % partitions
}

/** The key that keeps a subject's events in order. A tenant's name has no `|`, so it is unambiguous. */
export const recordKey = (tenant: string, subjectId: string): string => `${tenant}|${subjectId}`
