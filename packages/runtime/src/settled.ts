/**
 * Waits for work that may never end: true when it has settled, false when `signal` ended the wait (at once
 * where it is aborted already). Never rejects: a caller who must know of a failure listens to the work itself.
 */
export function settled(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(false)
    const end = (): void => {
      signal.removeEventListener('abort', giveUp)
      resolve(true)
    }
    work.then(end, end)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
