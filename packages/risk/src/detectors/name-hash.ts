/** FNV-1a in 32 bits (draft-eastlake-fnv section 2): names kept as numbers, to be compared and never told. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}
