import { readFileSync } from 'node:fs'
import { MendableError, main, say } from '../bin/lib/command.mjs'
import { down, logFiles, status, up } from './native.mjs'
import { stackAddresses, stackSettings } from './settings.mjs'

const usage = `Kafka, a schema registry and Redis as plain processes on this machine.

  npm run stack -- up [--fresh]   start what does not run; --fresh forgets all data first
  npm run stack -- down           stop what was started here
  npm run stack -- status         version, address and pid of each, and the variables that name them;
                                  code 1 when one does not answer
  npm run stack -- logs           the end of each log

Ports: HOLDPOINT_STACK_KAFKA_PORT (19092, and the next), HOLDPOINT_STACK_REGISTRY_PORT (18081),
HOLDPOINT_STACK_REDIS_PORT (16379).`

await main(async () => {
  const [command, ...options] = process.argv.slice(2)
  const settings = stackSettings()
  switch (command) {
    case 'up':
      await up(settings, { fresh: options.includes('--fresh') })
      printAddresses(settings)
      return 0
    case 'down':
      await down(settings)
      return 0
    case 'status':
      return await printStatus(settings)
    case 'logs':
      return printLogs(settings)
    default:
      throw new MendableError(usage)
  }
})

/**
 * As a shell reads them.
 *
 * @param {import('./settings.mjs').StackSettings} settings
 */
function printAddresses(settings) {
  for (const [name, value] of Object.entries(stackAddresses(settings)))
    console.log(`export ${name}=${value}`)
}

/** @param {import('./settings.mjs').StackSettings} settings */
async function printStatus(settings) {
  const parts = await status(settings)
  for (const { part, pid, answers } of parts) {
    const state =
      pid === undefined ? 'not running' : answers ? `pid ${pid}` : `pid ${pid}, no answer`
    const name = `${part.title} ${await part.version()}`
    console.log(`${name.padEnd(24)}  127.0.0.1:${part.port}  ${state}`)
  }
  if (!parts.every(({ answers }) => answers)) return 1
  printAddresses(settings)
  return 0
}

/** @param {import('./settings.mjs').StackSettings} settings */
function printLogs(settings) {
  for (const file of logFiles(settings)) {
    say(file)
    try {
      console.log(readFileSync(file, 'utf8').trimEnd().split('\n').slice(-40).join('\n'))
    } catch {
      console.log('(no log yet)')
    }
  }
  return 0
}
