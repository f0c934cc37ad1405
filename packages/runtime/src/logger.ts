import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from './variables.ts'

export type { Logger } from 'pino'

/** Names of fields that hold secrets or personal data, wherever they stand in the first three levels. */
const redacted = [
  'authorization',
  'apiKey',
  'password',
  'token',
  'hashKey',
  'ip',
  'userAgent',
  'subjectId',
  'sessionId',
]

const paths = redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/**
 * A logger that writes one JSON object a line, with the service's name, an ISO time and a level as
 * a word. What users sent belongs in fields, never in the message, and is redacted by field name.
 */
export function createLogger(
  options: { readonly service: string; readonly level?: LogLevel | 'silent' },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[redacted]' },
    errorKey: 'error',
  }
  return destination === undefined ? pino(settings) : pino(settings, destination)
}
