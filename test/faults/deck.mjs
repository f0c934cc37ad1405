/**
 * @typedef {import('./rotation.mjs').FaultKind} FaultKind
 * @typedef {import('./rotation.mjs').RedisLayout} RedisLayout
 */

/**
 * The kinds that can happen in a layout.
 *
 * @param {readonly FaultKind[]} kinds
 * @param {RedisLayout} layout
 */
export const possibleIn = (kinds, layout) =>
  kinds.filter(({ layouts }) => layouts?.includes(layout) ?? true)

/**
 * Deals the kinds by their shares, each deck shuffled anew.
 *
 * @param {readonly FaultKind[]} kinds
 * @param {RedisLayout} layout
 * @param {import('./chance.mjs').Chance} chance
 */
export function dealer(kinds, layout, chance) {
  const full = possibleIn(kinds, layout).flatMap((kind) =>
    Array.from({ length: kind.share }, () => kind),
  )
  if (full.length === 0) throw new Error(`no fault can happen to the layout ${layout}`)
  /** @type {FaultKind[]} */
  let left = []
  /** @param {ReadonlySet<string>} hurt parts */
  function find(hurt) {
    if (left.length === 0) left = spread(chance.shuffled(full))
    return left.findIndex(({ hurts }) => !hurt.has(hurts))
  }
  return {
    /** @param {ReadonlySet<string>} hurt parts */
    hasApartFrom: (hurt) => find(hurt) >= 0,
    /**
     * The next that hurts none of these parts; null where only such are left in the deck that do.
     *
     * @param {ReadonlySet<string>} hurt parts
     */
    apartFrom(hurt) {
      const at = find(hurt)
      return at < 0 ? null : (left.splice(at, 1)[0] ?? null)
    },
  }
}

/**
 * The first of each kind before the second of any, so that a short run sees as many kinds as it can.
 *
 * @param {readonly FaultKind[]} deck
 */
function spread(deck) {
  const seen = new Map()
  const rounds = deck.map((kind) => {
    const round = seen.get(kind.name) ?? 0
    seen.set(kind.name, round + 1)
    return { kind, round }
  })
  return rounds.sort((a, b) => a.round - b.round).map(({ kind }) => kind)
}
