/** Sorted intervals without overlap, searched by halving. */

export interface Block<V> {
  readonly first: bigint
  readonly last: bigint
  readonly value: V
}

/** Above every IPv6 address. */
const beyondAll = 1n << 129n

/**
 * Makes blocks that may lie within one another (as CIDR blocks do, and never overlap otherwise) into
 * intervals in which the narrowest block wins; of two equal blocks the later one wins.
 */
export function flatten<V>(blocks: readonly Block<V>[]): readonly Block<V>[] {
  const sorted = [...blocks].sort((a, b) =>
    a.first !== b.first
      ? a.first < b.first
        ? -1
        : 1
      : a.last === b.last
        ? 0
        : a.last > b.last
          ? -1
          : 1,
  )
  const flat: Block<V>[] = []
  const open: Block<V>[] = []
  let next = 0n
  const emit = (last: bigint): void => {
    const top = open.at(-1)
    if (top !== undefined && next <= last) flat.push({ first: next, last, value: top.value })
    next = last + 1n
  }
  const closeBefore = (first: bigint): void => {
    for (let top = open.at(-1); top !== undefined && top.last < first; top = open.at(-1)) {
      emit(top.last)
      open.pop()
    }
  }
  for (const block of sorted) {
    closeBefore(block.first)
    if (open.length > 0) emit(block.first - 1n)
    next = block.first
    open.push(block)
  }
  closeBefore(beyondAll)
  return flat
}

/** The index of the interval that holds `value`, -1 where none does. `starts` and `ends` are sorted and as long as each other. */
export function intervalAt<N extends number | bigint>(
  starts: ArrayLike<N>,
  ends: ArrayLike<N>,
  value: N,
): number {
  let low = 0
  let high = starts.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as N) > value) high = middle - 1
    else if ((ends[middle] as N) < value) low = middle + 1
    else return middle
  }
  return -1
}
