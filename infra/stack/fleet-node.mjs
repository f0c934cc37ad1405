import { killProcess, until } from './processes.mjs'
import { launchPart, untilAnswers } from './start-part.mjs'

/**
 * One process of a fleet, which can be hurt and come back.
 *
 * @typedef {object} Node
 * @property {string} name `kafka-1`, `registry`, `redis-1`, `sentinel-1`, ...
 * @property {string} title
 * @property {number} port on 127.0.0.1
 * @property {string} dataDir
 * @property {string} logFile
 * @property {number | undefined} pid undefined while it does not run
 * @property {() => Promise<void>} kill kill -9; resolves when all of it is gone
 * @property {() => Promise<void>} stop asks it to end, and after 15 s makes it
 * @property {() => Promise<void>} start resolves when it answers, with the same data; a second call while
 *   it runs changes nothing. A Kafka node answers only when most nodes of its quorum run: start those
 *   together. Rejects with `MendableError` when it ends, or does not answer within 90 s
 * @property {() => void} pause stops it in its tracks: its ports accept, and nothing answers
 * @property {() => void} resume
 * @property {() => Promise<boolean>} answers whether this node answers for itself, whatever the others do
 */

/**
 * A node that does not run yet.
 *
 * @param {import('./parts.mjs').Part} part
 * @param {import('./start-part.mjs').PartFiles} files
 * @param {import('./download.mjs').Downloads} downloads
 * @returns {Node}
 */
export function fleetNode(part, files, downloads) {
  /** @type {import('./processes.mjs').StartedProcess | undefined} */
  let started
  /** @type {Promise<void> | undefined} */
  let starting
  const pid = () => (started?.ended() ? undefined : started?.pid)

  const begin = async () => {
    if (pid() === undefined) started = await launchPart(part, files, downloads)
    if (started !== undefined) await untilAnswers(part, files, started)
  }
  const start = () => {
    starting ??= begin().finally(() => {
      starting = undefined
    })
    return starting
  }
  /** @param {NodeJS.Signals} signal */
  const signal = (signal) => {
    const running = pid()
    if (running !== undefined) process.kill(running, signal)
  }
  /** @param {number} withinMs */
  const ends = (withinMs) => until(async () => pid() === undefined, withinMs, 10)

  const kill = async () => {
    signal('SIGKILL')
    if (!(await ends(15_000))) throw new Error(`${part.title} (pid ${pid()}) outlives kill -9`)
    await killProcess(files.pidFile)
  }
  return {
    name: part.name,
    title: part.title,
    port: part.port,
    dataDir: files.data,
    logFile: files.logFile,
    get pid() {
      return pid()
    },
    kill,
    async stop() {
      signal('SIGTERM')
      signal('SIGCONT') // a paused one hears nothing else
      await ends(15_000)
      await kill()
    },
    start,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    answers: part.answers,
  }
}
