/** A connection that is opened when first needed, and again after it was discarded. */
export interface Renewable<T> {
  get(): Promise<T>
  /**
   * The next `get` opens a new one; this one is shut in the background. Ignored for one already replaced,
   * which is answered with false.
   */
  discard(old: T): boolean
  close(): Promise<void>
}

/** `open` may reject: the next `get` tries again. `shut` must settle in time and its rejection is ignored. */
export function renewable<T>(
  open: () => Promise<T>,
  shut: (old: T) => Promise<void>,
): Renewable<T> {
  let present: Promise<T> | null = null
  let value: T | undefined

  function get(): Promise<T> {
    present ??= open().then(
      (opened) => {
        value = opened
        return opened
      },
      (error: unknown) => {
        present = null
        throw error
      },
    )
    return present
  }

  return {
    get,
    discard(old) {
      if (value !== old) return false
      present = null
      value = undefined
      shut(old).catch(() => undefined)
      return true
    },
    async close() {
      const opened = await present?.catch(() => undefined)
      present = null
      value = undefined
      if (opened !== undefined) await shut(opened).catch(() => undefined)
    },
  }
}
