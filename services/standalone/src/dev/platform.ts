/** Lets a simulation live by the wall clock: posts its events as any producer would. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SentEvent } from '../simulation/events.ts'
import type { Simulation } from '../simulation/simulation.ts'

/** What `POST /v1/events` takes at once. */
const batchMax = 500
const stepMs = 100
const retryMs = 500

export interface Platform {
  /** Events posted since it went live. */
  readonly sent: number
  stop(): Promise<void>
}

/** Posts the days before now. */
export async function postHistory(simulation: Simulation, url: string): Promise<void> {
  await post(simulation.history(Date.now()), url, new AbortController().signal)
}

/** Goes on from now until it is stopped. */
export function runPlatform(
  simulation: Simulation,
  url: string,
  onError: (error: Error) => void,
): Platform {
  const stopping = new AbortController()
  const { signal } = stopping
  let sent = 0
  const live = async (): Promise<void> => {
    while (!signal.aborted) {
      const events = simulation.until(Date.now())
      await post(events, url, signal)
      sent += events.length
      await sleep(stepMs, undefined, { signal })
    }
  }
  const running = live().catch((error: Error) => {
    if (!signal.aborted) onError(error)
  })
  return {
    get sent() {
      return sent
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function post(events: readonly SentEvent[], url: string, signal: AbortSignal): Promise<void> {
  for (let from = 0; from < events.length; from += batchMax) {
    await postBatch(events.slice(from, from + batchMax), url, signal)
  }
}

/** Repeats the whole batch with the same ids where it cannot be taken now, as the API asks for. */
async function postBatch(
  events: readonly SentEvent[],
  url: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
      signal,
    })
    const answer = await response.text()
    if (response.ok) return
    if (response.status !== 503 && response.status !== 429) {
      throw new Error(`simulated events were refused with ${response.status}: ${answer}`)
    }
    await sleep(retryMs, undefined, { signal })
  }
}
