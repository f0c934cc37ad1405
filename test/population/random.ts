/** Chance that comes again by seed: the show's, with seeds for as many actors as a population has. */
export { createRandom as seeded, type Random } from '@holdpoint/standalone'

/** A seed of its own for each actor, so that one life does not depend on how many others there are. */
export const seedFor = (seed: number, group: number, index: number): number =>
  mix(mix(seed, group), index)

/** Joins two numbers to one that looks like neither. */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
