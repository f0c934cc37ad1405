/**
 * A stream of fractions from a seed (mulberry32), so that a run can be asked for again.
 *
 * @typedef {object} Chance
 * @property {() => number} next at least 0, below 1
 * @property {(share: number) => boolean} hits true for this share of the calls
 * @property {(from: number, to: number) => number} between a fraction of the way from one to the other
 * @property {<T>(items: readonly T[]) => T} pick one of at least one
 * @property {<T>(items: readonly T[]) => T[]} shuffled a copy in another order
 */

/**
 * @param {number} seed a whole number
 * @returns {Chance}
 */
export function chance(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  /** @type {Chance['pick']} */
  const pick = (items) => {
    const item = items[Math.floor(next() * items.length)]
    if (item === undefined) throw new Error('there is nothing to pick from')
    return item
  }
  return {
    next,
    pick,
    hits: (share) => next() < share,
    between: (from, to) => from + next() * (to - from),
    shuffled(items) {
      const copy = [...items]
      for (let at = copy.length - 1; at > 0; at -= 1) {
        const other = Math.floor(next() * (at + 1))
        const held = /** @type {(typeof copy)[number]} */ (copy[at])
        copy[at] = /** @type {(typeof copy)[number]} */ (copy[other])
        copy[other] = held
      }
      return copy
    },
  }
}
