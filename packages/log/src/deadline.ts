import { LogError } from './ports.ts'

/**
 * The promise, or a rejection with `LogError` `timeout` after `deadlineMs`. The work itself is not
 * stopped; its late end is ignored.
 */
export async function within<T>(deadlineMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new LogError('timeout', `${what}: no answer within ${deadlineMs} ms`, true)),
      deadlineMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves after `ms`, or at once when `wake` is called. */
export function pause(ms: number): { readonly over: Promise<void>; readonly wake: () => void } {
  let wake = (): void => undefined
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
  return { over, wake }
}
