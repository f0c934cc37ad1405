/** `holdpoint dev`: everything in one process, with a simulated platform that is attacked. */
import { createEnrichment } from '@holdpoint/ingest'
import { createLogger } from '@holdpoint/runtime'
import { subscribe } from '@holdpoint/sdk'
import { type Composition, compose } from '../compose.ts'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { Simulation } from '../simulation/simulation.ts'
import { devClock } from './clock.ts'
import { decisionLine, type Paint, paintFor } from './lines.ts'
import { type Platform, postHistory, runPlatform } from './platform.ts'
import { createScreen, type Screen } from './screen.ts'

export interface DevOptions {
  readonly port: number
  readonly seed: number
  readonly people: number
  readonly workloads: number
  readonly speed: number
  readonly output: NodeJS.WriteStream
  readonly env: Environment
  /** Ends the show. */
  readonly signal: AbortSignal
}

const statusMs = 1_000

/** Runs until `signal`. Rejects with `CommandError` where the port is taken or a part dies. */
export async function dev(options: DevOptions): Promise<void> {
  const { output, env, signal } = options
  const paint = paintFor(output, env)
  const screen = createScreen(output, paint)
  const ended = new AbortController()
  const end = (error?: Error): void => ended.abort(error)
  signal.addEventListener('abort', () => end(), { once: true })
  const clock = devClock()
  const composition = compose({
    clock,
    enrichment: createEnrichment({ geoDataDir: env['GEODATADIR'] }),
    httpPort: options.port,
    logger: createLogger({ service: 'holdpoint-dev', level: 'error' }, process.stderr),
    crash: end,
  })
  await startOn(composition, options.port)
  const show = await begin(composition, options, { screen, paint, end })
  clock.goLive()
  const platform = runPlatform(show.simulation, composition.url, end)
  const reporter = setInterval(() => screen.status(statusOf(show, platform)), statusMs)
  await new Promise<void>((resolve) => {
    if (ended.signal.aborted) resolve()
    else ended.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearInterval(reporter)
  screen.close()
  await platform.stop()
  await show.unsubscribe()
  await composition.stop()
  const { reason } = ended.signal
  if (reason instanceof Error && reason.name !== 'AbortError') {
    throw new CommandError(`a part of Holdpoint died: ${reason.message}`)
  }
}

interface Show {
  readonly simulation: Simulation
  readonly decisions: number
  readonly unsubscribe: () => Promise<void>
}

/** Tells the simulation's past, then says what this is and listens to decisions. */
async function begin(
  { log, catalogue, url }: Composition,
  options: DevOptions,
  to: { readonly screen: Screen; readonly paint: Paint; readonly end: (error: Error) => void },
): Promise<Show> {
  const simulation = new Simulation(options)
  await postHistory(simulation, url)
  for (const line of banner(url, options, to.paint)) to.screen.line(line)
  let decisions = 0
  const subscription = subscribe({
    log,
    catalogue,
    onDecision(decision) {
      decisions += 1
      to.screen.line(decisionLine(decision, to.paint))
      simulation.told(decision, Date.now())
    },
    onError: to.end,
  })
  await subscription.ready
  return {
    simulation,
    get decisions() {
      return decisions
    },
    unsubscribe: () => subscription.close(),
  }
}

async function startOn(composition: Composition, port: number): Promise<void> {
  try {
    await composition.start()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new CommandError(
      `port ${port} is taken: stop what listens on it, or choose another with --port ${port + 1}`,
    )
  }
}

function banner(
  url: string,
  { people, workloads, speed }: DevOptions,
  paint: Paint,
): readonly string[] {
  const every = `every ${Math.round(30 / speed)} s`
  const event =
    '{"id":"1","type":"login","source":"me","occurredAt":"\'"$(date -u +%FT%TZ)"\'","subject":{"id":"alice"},"sessionId":"s-1"}'
  return [
    '',
    paint('bold', 'Holdpoint: a continuous session risk engine'),
    `${people} people and ${workloads} workloads are at work here, simulated; ${every} somebody steals or abuses a session.`,
    'Each line below is a decision that the engine has published.',
    '',
    `  events   POST ${url}/v1/events`,
    `  try      curl ${url}/v1/events -H 'content-type: application/json' -d '${event}'`,
    '  next     docs/tutorial/first-step-up.md',
    '  stop     ctrl-c',
    '',
  ]
}

function statusOf(show: Show, platform: Platform): string {
  const honest = platform.sent - show.simulation.attackEvents
  return `${honest} honest events, ${show.simulation.attacks} attacks, ${show.decisions} decisions`
}
