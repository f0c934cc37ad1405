/** The names of a partition's keys: all under one hash tag, so that one Redis node holds them together. */
import { StateError } from './ports.ts'

export interface PartitionKeys {
  readonly meta: string
  readonly outbox: string
  readonly timers: string
  readonly profile: string
  readonly session: string
  readonly story: string
}

/** `profile`, `session` and `story` are prefixes. */
export function partitionKeys(generation: number, partition: number): PartitionKeys {
  const tag = `{hp:${generation}:${partition}}`
  return {
    meta: `${tag}:m`,
    outbox: `${tag}:out`,
    timers: `${tag}:t`,
    profile: `${tag}:s:`,
    session: `${tag}:x:`,
    story: `${tag}:h:`,
  }
}

/** `{hp:1:17}:s:…`, or of the session index `hp:1:ix:…`. */
const keyForm = /^(?:\{hp:(\d+):(\d+)\}:(.+)|hp:(\d+):(ix:.+))$/

/** A key of ours, taken apart. */
export interface OurKey {
  readonly generation: number
  /** null for the session index, which is not of a partition. */
  readonly partition: number | null
  /** What stands behind the place. */
  readonly rest: string
}

/** null for a key that is none of ours. */
export function parseKey(key: string): OurKey | null {
  const [, generation, partition, rest, indexGeneration, indexRest] = keyForm.exec(key) ?? []
  if (rest !== undefined)
    return { generation: Number(generation), partition: Number(partition), rest }
  if (indexRest !== undefined)
    return { generation: Number(indexGeneration), partition: null, rest: indexRest }
  return null
}

export const nameIn = (generation: number, { partition, rest }: OurKey): string =>
  partition === null ? `hp:${generation}:${rest}` : `{hp:${generation}:${partition}}:${rest}`

/** 16 bytes as base64url, as `StateKeys` of the core has them. */
const keyedHash = /^[A-Za-z0-9_-]{22}$/

/**
 * A key made from a user's text could change its slot (`a{b}c`), and would show who is watched to
 * everybody who may list keys. The message does not repeat it.
 */
export function assertHashed(keys: Iterable<string>): void {
  for (const key of keys)
    if (!keyedHash.test(key))
      throw new StateError(
        'key_not_hashed',
        `a state key must be a keyed hash of 22 base64url characters, and this one has ${key.length} characters of something else: use the event's keys`,
      )
}
