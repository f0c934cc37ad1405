import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import kafkajs, {
  type ISocketFactoryArgs,
  type Kafka,
  type KafkaConfig,
  type LogEntry,
  type SASLOptions,
} from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { registerCodecs } from './codecs.ts'
import type { OnLog } from './ports.ts'

// A CommonJS module: Node finds only some of its names.
const { logLevel } = kafkajs

export interface KafkaClientOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: NonNullable<KafkaConfig['ssl']>
  readonly sasl?: SASLOptions
  readonly onLog: OnLog
}

const keepAliveMs = 60_000

/** A produce request is several small writes at times: without Nagle's delay it leaves at once. */
function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs) {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = ssl
    ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  socket.setNoDelay(true)
  return socket
}

/** Said at each start of a producer; `kafka-writer` discards a producer after any rejection, which mends it. */
const expected = 'Limiting retries for the idempotent producer may invalidate EoS guarantees'

const names = {
  [logLevel.ERROR]: 'error',
  [logLevel.WARN]: 'warn',
  [logLevel.INFO]: 'info',
  [logLevel.DEBUG]: 'debug',
} as const

function forward(onLog: OnLog, { level, namespace, log }: LogEntry): void {
  if (level === logLevel.NOTHING || log.message === expected) return
  const { message, timestamp: _, logger: __, ...fields } = log
  // An error in a broker's answer is thrown to its caller as well, who knows whether it matters.
  const quiet = message.startsWith('Response ')
  onLog(quiet ? 'debug' : names[level], `kafkajs: ${message}`, { namespace, ...fields })
}

/**
 * A client of its own. kafkajs keeps committed offsets per client and group, so two readers of one group
 * on one client would clear each other's: each reader, writer and admin takes a new one.
 */
export function newClient(options: KafkaClientOptions): Kafka {
  registerCodecs()
  stopIdleTimers()
  return new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    socketFactory: openSocket,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => forward(options.onLog, entry),
  })
}

const pendingCheckMs = 10

/**
 * kafkajs 2.2.4 arms a timer of 1 ms for ever on each connection (its issues 1556, 1604, 1751), about 2 % of
 * a core for an idle process. The timer is needed only while the broker throttles or requests wait.
 */
function stopIdleTimers(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function () {
    const throttledMs = this.throttledUntil - Date.now()
    if (this.throttleCheckTimeoutId !== null) return
    if (throttledMs <= 0 && this.pending.length === 0) return
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      throttledMs > 0 ? throttledMs : pendingCheckMs,
    )
  }
}
