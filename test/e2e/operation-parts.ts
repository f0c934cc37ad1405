/** A Kafka and a Redis of their own, for tests that hurt them: the shared stack is never touched. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { download } from '../../infra/stack/download.mjs'
import { redisSettings, stackParts } from '../../infra/stack/parts.mjs'
import { root } from './platform.ts'

const kafkaPort = 26_092
const redisPort = 26_379

/** A part that runs as a child of this process. */
export interface Part {
  /** It keeps its connections and answers nothing (SIGSTOP), as a machine that hangs. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export interface Parts {
  readonly kafka: Part
  readonly redis: Part
  /** The variables that services read; the schema registry is the shared one. */
  readonly addresses: {
    readonly HOLDPOINT_KAFKA_BROKERS: string
    readonly HOLDPOINT_REDIS_URL: string
  }
  stop(): Promise<void>
}

/**
 * Starts both without data.
 * @throws where one does not answer within a minute, with the end of its log
 */
export async function startParts(
  options: { readonly redisMaxMemory?: string } = {},
): Promise<Parts> {
  const dir = mkdtempSync(join(tmpdir(), 'holdpoint-operation-'))
  const [kafka, redis] = await Promise.all([
    startKafka(dir),
    startRedis(dir, redisPort, options.redisMaxMemory),
  ])
  return {
    kafka,
    redis,
    addresses: {
      HOLDPOINT_KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
      HOLDPOINT_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    },
    async stop() {
      await Promise.all([kafka.stop(), redis.stop()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function startKafka(dir: string): Promise<Part> {
  const stackDir = join(root, '.stack')
  const part = stackParts({ dir: stackDir, kafkaPort, registryPort: 0, redisPort }).find(
    ({ title }) => title === 'Kafka',
  )
  if (part === undefined) throw new Error('the native stack names no Kafka')
  const { command, args } = await part.prepare({
    data: join(dir, 'kafka'),
    ...(await download(stackDir)),
  })
  return startPart(command, args, join(dir, 'kafka.log'), () => part.answers())
}

/** A Redis as the native stack has it, with its data in a folder. */
export function startRedis(
  dir: string,
  port: number,
  maxMemory = redisSettings['--maxmemory'],
): Promise<Part> {
  const settings = { ...redisSettings, '--maxmemory': maxMemory }
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir]
  const part = stackParts({ dir, kafkaPort, registryPort: 0, redisPort: port }).find(
    ({ name }) => name === 'redis',
  )
  if (part === undefined) throw new Error('the native stack names no Redis')
  return startPart(
    'redis-server',
    [...args, ...Object.entries(settings).flat()],
    join(dir, 'redis.log'),
    () => part.answers(),
  )
}

async function startPart(
  command: string,
  args: readonly string[],
  logFile: string,
  answers: () => Promise<boolean>,
): Promise<Part> {
  const log = openSync(logFile, 'w')
  const child = spawn(command, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  const part = partOf(child)
  const deadline = performance.now() + 60_000
  while (!(await answers())) {
    if (child.exitCode === null && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      continue
    }
    await part.stop()
    const end = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
    throw new Error(`${command} did not answer; the end of its log:\n${end}`)
  }
  return part
}

function partOf(child: ChildProcess): Part {
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  return {
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      // Nothing of it is kept, and a paused one hears nothing else.
      child.kill('SIGKILL')
      await ended
      process.off('exit', onExit)
    },
  }
}
