import { LogError } from './ports.ts'

/** Kafka's whole numbers come as text. Throws `LogError` beyond 2^53, where a number is no longer exact. */
export function wholeNumber(text: string, what: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new LogError('number_unsafe', `${what} ${text} is not a safe whole number`, false)
}
