import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * A fault that the person at the terminal can mend: its message says what is wrong and what to do,
 * so it is shown without a stack trace.
 */
export class MendableError extends Error {
  /** @override */
  name = 'MendableError'
}

/**
 * One line about what goes on, on stderr: stdout belongs to what a command answers.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`holdpoint: ${line}\n`)
}

/**
 * Does `work` while saying what it is and, every ten seconds, how long it has taken.
 *
 * @template T
 * @param {string} what as in `installing packages`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const begun = performance.now()
  const elapsed = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`
  say(`${what} ...`)
  const timer = setInterval(() => say(`${what} ... ${elapsed()}`), 10_000)
  try {
    const result = await work()
    say(`${what}: done in ${elapsed()}`)
    return result
  } finally {
    clearInterval(timer)
  }
}

/**
 * Runs a command without a word and answers with its output.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>} `code` is 127 when there is no such command and
 *   124 when it took longer than `timeoutMs`
 */
export function run(command, args, { cwd, env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let late = false
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true
            child.kill('SIGKILL')
          }, timeoutMs)
    const take = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ code: 127, output: error.message })
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: late ? 124 : (code ?? 1), output })
    })
  })
}

/**
 * Runs a command quietly; what it printed is shown only when it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @throws {MendableError} with the end of the output
 */
export async function runOrExplain(command, args, options) {
  const { code, output } = await run(command, args, options)
  if (code === 0) return
  const end = output.trimEnd().split('\n').slice(-60).join('\n')
  const how = code === 124 ? 'took too long and was stopped' : `ended with code ${code}`
  throw new MendableError(`${end}\n\`${[command, ...args].join(' ')}\` ${how}`)
}

/**
 * Runs a command on this terminal and answers with its exit code. SIGTERM is passed on; Ctrl-C reaches
 * the child by itself, and is only survived here, so that the caller can still clean up.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export async function runHere(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: 'inherit' })
  const stop = () => child.kill('SIGTERM')
  const stay = () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stay)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      )
    })
  } finally {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stay)
  }
}

/**
 * The frame of a command: a fault that can be mended is said in plain words, any other with its trace;
 * both end the process with code 1.
 *
 * @param {() => Promise<number | void>} body answers with the exit code, 0 when absent
 */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0
  } catch (error) {
    say(error instanceof MendableError ? error.message : String(/** @type {Error} */ (error).stack))
    process.exitCode = 1
  }
}
