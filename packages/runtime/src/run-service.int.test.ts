import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { stopDeadlineMs } from './run-service.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Exits are the promise, so each service is a process of its own, from the built package. */
interface Exit {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  /** ms from the word `now` in its output to its end. */
  readonly tookMs: number
}

const built = new URL('../dist/index.js', import.meta.url)

/** Runs a service whose parts are these texts; `now` is printed where what is under test begins. */
function serviceOf(parts: { readonly start?: string; readonly stop?: string }): Promise<Exit> {
  const script = `
    import { runService, serviceVariables } from ${JSON.stringify(built.href)}
    const now = () => process.stdout.write('now\\n')
    // A service has connections, which keep its process alive.
    setInterval(() => {}, 1_000)
    await runService('test', serviceVariables(0), async ({ crash }) => ({
      start: async () => { ${parts.start ?? ''} },
      stop: async () => { ${parts.stop ?? ''} },
      checks: { live: {}, ready: {}, startup: {} },
    }))`
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { PATH: process.env['PATH'], HOLDPOINT_ADMIN_PORT: '0' },
      // One that lives on fails its test, and does not outlive it.
      timeout: 30_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    let began = Number.NaN
    const take = (bytes: Buffer): void => {
      output += bytes
      if (Number.isNaN(began) && output.includes('now\n')) began = performance.now()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code, signal, output, tookMs: performance.now() - began }),
    )
  })
}

/** A stop that hangs is cut off here; the rest is for a busy machine. */
const endsWithinMs = stopDeadlineMs + 5_000
const dies = "setTimeout(() => { now(); crash(new Error('the reader died')) }, 50)"

it('hazard: a process lives on with a dead consumer', async () => {
  const { code, output, tookMs } = await serviceOf({ start: dies })
  expect(output).toContain('the reader died')
  expect(output).toContain('"stopped"')
  expect(code).toBe(1)
  expect(tookMs).toBeLessThan(stopDeadlineMs)
})

it('hazard: a process whose connections hang never ends', async () => {
  const { code, tookMs } = await serviceOf({ start: dies, stop: 'await new Promise(() => {})' })
  expect(code).toBe(1)
  expect(tookMs).toBeLessThan(endsWithinMs)
})

it('hazard: a process lives on though it could not start, or nobody caught an error', async () => {
  const exits = await Promise.all([
    serviceOf({ start: "now(); throw new Error('no connection')" }),
    serviceOf({ start: "setTimeout(() => { now(); Promise.reject(new Error('uncaught')) }, 50)" }),
  ])
  for (const { code, output, tookMs } of exits) {
    expect(output).toMatch(/no connection|uncaught/)
    expect(code).toBe(1)
    expect(tookMs).toBeLessThan(endsWithinMs)
  }
})
