import { setTimeout as delay } from 'node:timers/promises'

const firstDelayMs = 100
const lastDelayMs = 5_000

/** Waits; false where `signal` ended the wait. */
export async function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}

/** The work was given up because its owner stops. Nothing was lost: it is still unacknowledged. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/**
 * Repeats `work` until it succeeds, with a pause that grows from 0.1 to 5 s. For what is transient, or
 * for an operator to mend (a right, a topic): an error that `isFinal` names is thrown at once instead.
 * @throws StoppedError when `signal` is aborted before a success
 */
export async function untilDone<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  onFailure: (error: unknown, attempts: number) => void,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  for (let attempts = 1; !signal.aborted; attempts++) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof StoppedError || isFinal(error)) throw error
      onFailure(error, attempts)
      await sleep(Math.min(lastDelayMs, firstDelayMs * 2 ** Math.min(attempts - 1, 10)), signal)
    }
  }
  throw new StoppedError('stopped')
}
