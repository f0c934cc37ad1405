/** Orders of operators, as `holdpoint control` writes them. */
import { randomUUID } from 'node:crypto'
import {
  CodecError,
  type ControlOrder,
  controlKeyOf,
  encodeControl,
  topics,
} from '@holdpoint/contracts'
import type { Log } from '@holdpoint/log'
import { CommandError } from '../errors.ts'
import type { Held } from './standing.ts'

/** Who orders it, and why. */
export interface By {
  readonly operator: string
  readonly reason: string
  /** ms since the epoch. */
  readonly now: number
}

const headOf = ({ operator, reason, now }: By) => ({
  specversion: '1.0',
  id: randomUUID(),
  issuedAt: now,
  operator,
  reason,
})

/** @param tenant '' for all */
export const observeOrder = (on: boolean, tenant: string, by: By): ControlOrder => ({
  ...headOf(by),
  kind: 'observe-only',
  tenant,
  on,
})

/**
 * The answer to a held decision.
 * @throws CommandError where nothing is held under this id
 */
export function answerOrder(
  kind: 'release' | 'drop',
  decisionId: string,
  held: readonly Held[],
  by: By,
): ControlOrder {
  const decision = held.find((one) => one.decision.decisionId === decisionId)?.decision
  if (decision?.sessionId == null)
    throw new CommandError(
      `nothing is held under ${decisionId}: it was answered, its session has ended, or it is older than session.shadow keeps. holdpoint control ls lists what is`,
    )
  const { tenant, subject, sessionId } = decision
  return { ...headOf(by), kind, decisionId, tenant, subject: { id: subject.id }, sessionId }
}

/**
 * Resolves when the log has acknowledged the order; ingest carries it out.
 * @throws CommandError where it cannot be written as it is, as with a tenant that can be none
 */
export async function send(log: Log, order: ControlOrder): Promise<void> {
  const writer = await log.writer()
  try {
    const key = Buffer.from(controlKeyOf(order))
    await writer.append(topics.control, [{ partition: 0, key, value: bytesOf(order) }])
  } finally {
    await writer.close()
  }
}

function bytesOf(order: ControlOrder): Buffer {
  try {
    return encodeControl(order)
  } catch (error) {
    if (error instanceof CodecError) throw new CommandError(error.message)
    throw error
  }
}
