/** Built services as an operator sees them: a process with signals, an exit code, probes, metrics and a log. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serviceArguments } from '../../infra/bin/lib/service.mjs'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Answer {
  readonly status: number
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail?: string }>>
}

export interface Running {
  readonly pid: number
  /** Stands in the environment of the process and of whatever it starts. */
  readonly family: string
  readonly ended: Promise<Ended>
  signal(signal: NodeJS.Signals): void
  /** @throws where the port does not answer within 4 s */
  probe(path: 'livez' | 'readyz' | 'startupz'): Promise<Answer>
  ready(): Promise<boolean>
  /** The sum of a metric over its series; NaN where there is none. */
  metric(name: string): Promise<number>
  log(): string
  /** SIGKILL. */
  kill(): Promise<void>
}

/** Ports of the services that operation tests start. */
export const ports = { http: '26484', ingest: '26464', engines: ['26465', '26466'] } as const

const common = {
  HOLDPOINT_HASH_KEY: 'end-to-end-tests-hash-key-of-32-chars',
  HOLDPOINT_LOG_LEVEL: 'info',
}

const familyVariable = 'OPERATION_FAMILY'

export const runEngine = (addresses: object, which: 0 | 1 = 0): Running =>
  runService('engine', { ...addresses, HOLDPOINT_ADMIN_PORT: ports.engines[which] })

export const runIngest = (addresses: object): Running =>
  runService('ingest', {
    ...addresses,
    HOLDPOINT_HTTP_PORT: ports.http,
    HOLDPOINT_ADMIN_PORT: ports.ingest,
  })

function runService(
  name: 'engine' | 'ingest',
  env: Readonly<Record<string, string>> & { readonly HOLDPOINT_ADMIN_PORT: string },
): Running {
  const family = randomUUID()
  const dir = mkdtempSync(join(tmpdir(), `holdpoint-${name}-`))
  const logFile = join(dir, 'log')
  const output = openSync(logFile, 'w')
  const child = spawn(process.execPath, serviceArguments(name), {
    env: { ...process.env, ...common, ...env, [familyVariable]: family },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let text = ''
  const log = () => {
    try {
      text = readFileSync(logFile, 'utf8')
    } catch {
      // The file is gone with its service: what was read last stays.
    }
    return text
  }
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      log()
      rmSync(dir, { recursive: true, force: true })
      process.off('exit', kill)
      resolve({ code, signal })
    }),
  )
  const url = `http://127.0.0.1:${env.HOLDPOINT_ADMIN_PORT}`
  const get = (path: string) => fetch(`${url}/${path}`, { signal: AbortSignal.timeout(4_000) })
  return {
    pid: child.pid ?? Number.NaN,
    family,
    ended,
    log,
    signal: (signal) => void child.kill(signal),
    async probe(path) {
      const response = await get(path)
      const { checks } = (await response.json()) as Pick<Answer, 'checks'>
      return { status: response.status, checks }
    },
    ready: () =>
      get('readyz').then(
        ({ ok }) => ok,
        () => false,
      ),
    async metric(name) {
      const lines = (await (await get('metrics')).text()).split('\n')
      const values = lines
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
      return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0)
    },
    async kill() {
      kill()
      await ended
    },
  }
}

/** True while the process or anything that it started is left. */
export function leavesProcesses({ family }: Running): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(family)
    } catch {
      return false // It has ended meanwhile, or is somebody else's.
    }
  })
}

/** The most that it ever had in memory, MiB: proc(5), VmHWM. */
export function peakMiB({ pid }: Running): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024
}

/** Sends a signal and waits for the end; answers with how it ended and after how many ms. */
export async function endedBy(
  service: Running,
  signal: NodeJS.Signals,
): Promise<Ended & { readonly ms: number }> {
  const begun = performance.now()
  service.signal(signal)
  const end = await service.ended
  return { ...end, ms: Math.round(performance.now() - begun) }
}

/** Asks again and again; answers with how long it took, ms. @throws with what was waited for, when it was not so in time */
export async function until(
  what: string,
  ask: () => boolean | Promise<boolean>,
  withinMs = 30_000,
  everyMs = 50,
): Promise<number> {
  const begun = performance.now()
  while (!(await ask())) {
    if (performance.now() - begun > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return Math.round(performance.now() - begun)
}
