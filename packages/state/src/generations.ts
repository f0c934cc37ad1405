/**
 * Generations of the state on Redis: carries every partition from one to another, and removes what is no
 * longer used. For an operator's command while no engine runs; engines never call it.
 */
import { randomUUID } from 'node:crypto'
import { type Detector, type PartitionMeta, detectors as registry } from '@holdpoint/risk'
import { type StateFormats, shippedFormats } from './formats.ts'
import { assertPlace, metaFields, metaValues } from './meta.ts'
import { nameIn, type OurKey, parseKey, partitionKeys } from './partition-keys.ts'
import { StateError } from './ports.ts'
import { type RedisConnectionOptions, redisConnection } from './redis-connection.ts'
import { redisKeys } from './redis-keys.ts'
import { type StateCodec, stateCodec } from './state-codec.ts'

export interface RedisGenerationsOptions extends RedisConnectionOptions {
  /** Whose memories the states hold; the registry's where not said. */
  readonly detectors?: readonly Detector[]
  /** Of another release, in tests. */
  readonly formats?: StateFormats
}

/** A partition to carry: what it was found to hold, and how it begins in the new generation. */
export interface Carried {
  /** As found in the old generation: another one at the end means that an engine runs. */
  readonly commitId: string
  /** Of the new generation. */
  readonly meta: PartitionMeta
  readonly rebuildUntil: number
}

/** What stands in the place of a partition's position, under the name of a generation. */
export interface Holding {
  /** '' where nothing was ever committed. */
  readonly commitId: string
  /** Which generation it is of; another one than its name says while it is being carried. null for none. */
  readonly generation: number | null
  /** Carried here, and no engine has committed since. */
  readonly untouched: boolean
}

export interface Generations {
  /** What partitions 0 to `count` - 1 hold. */
  holdings(generation: number, count: number): Promise<readonly Holding[]>
  /**
   * Copies all that these partitions hold, but for position and outbox, with what is left of its life, and the
   * session index; states of the previous format are written forward. The positions come last, and until then
   * an engine of the new generation stops `generation_mismatch`. Answers how many keys were copied. What an
   * unfinished attempt left is removed first, and a failure removes what was written: the session index too, so
   * ingest must not run either.
   * @throws StateError `generation_in_use` where an engine has committed to `to`, `generation_changed` where one
   *   has committed to `from` meanwhile, and as the stores do
   */
  carry(
    from: number,
    to: number,
    partitions: readonly Carried[],
    onProgress: (share: number) => void,
  ): Promise<number>
  /** Removes all keys of the generations that `unwanted` names. Answers how many. */
  remove(
    unwanted: (generation: number) => boolean,
    onProgress: (share: number) => void,
  ): Promise<number>
  close(): Promise<void>
}

/** Before the commit ids of what was carried, so that it is told from what an engine has committed. */
const carriedMark = 'carried-'

/** Connects in the background; the first call waits for the connection until its deadline. */
export function redisGenerations(options: RedisGenerationsOptions): Generations {
  const { formats = shippedFormats } = options
  const codec = stateCodec(options.detectors ?? registry, formats)
  const connection = redisConnection(options)
  const { client, close } = connection
  const { ask, eachPage, remove } = redisKeys(connection)

  async function holdings(generation: number, count: number): Promise<readonly Holding[]> {
    const found = await Promise.all(
      Array.from({ length: count }, (_, partition) =>
        ask(`read partition ${partition}`, () =>
          client.hmget(partitionKeys(generation, partition).meta, 'commit', 'generation'),
        ),
      ),
    )
    return found.map(([commitId, of]) => ({
      commitId: commitId ?? '',
      generation: of == null ? null : Number(of),
      untouched: commitId?.startsWith(carriedMark) === true,
    }))
  }

  /** One key under its new name; false where it has ended meanwhile. */
  async function copy(key: string, { rest }: OurKey, name: string): Promise<boolean> {
    const forward = forwardOf(rest, codec)
    const [bytes, lifeMs] = await ask('read a key', () =>
      Promise.all([
        forward === null ? client.dumpBuffer(key) : client.getBuffer(key),
        client.pttl(key),
      ]),
    )
    // Redis answers -2 for a key that has gone, -1 for one that never ends.
    if (bytes === null || lifeMs === -2 || lifeMs === 0) return false
    const life = Math.max(lifeMs, 0)
    await ask('write a key', async () => {
      if (forward === null) await client.restore(name, life, bytes, 'REPLACE')
      else if (life === 0) await client.set(name, forward(bytes))
      else await client.set(name, forward(bytes), 'PX', life)
    })
    return true
  }

  async function copyAll(
    from: number,
    to: number,
    wanted: ReadonlySet<number>,
    onProgress: (share: number) => void,
  ): Promise<number> {
    let copied = 0
    const copyPage = async (keys: readonly string[]): Promise<void> => {
      const copies = keys.map((key) => {
        const ours = parseKey(key)
        if (ours?.generation !== from || !isCarried(ours, wanted)) return false
        return copy(key, ours, nameIn(to, ours))
      })
      // None may still be under way when a failure has what was written removed.
      await Promise.allSettled(copies)
      copied += (await Promise.all(copies)).filter(Boolean).length
    }
    await eachPage(`*hp:${from}:*`, copyPage, onProgress)
    return copied
  }

  async function assertUnused(to: number, count: number): Promise<void> {
    const found = await holdings(to, count)
    const used = found.findIndex(({ commitId, untouched }) => commitId !== '' && !untouched)
    if (used >= 0)
      throw new StateError(
        'generation_in_use',
        `generation ${to} is in use: an engine has committed to its partition ${used}. Name one that nobody has used, as ${to + 1}`,
      )
  }

  /** With `place` of another generation than its name has, engines refuse it. */
  async function writeMeta(to: number, { meta, rebuildUntil }: Carried, place: PartitionMeta) {
    const values = metaValues(
      { ...place, appliedOffset: meta.appliedOffset },
      rebuildUntil,
      formats,
    )
    const fields = metaFields.flatMap((name, i) => [name, values[i]!])
    const commitId = carriedMark + randomUUID()
    await ask(`write the position of partition ${meta.partition}`, () =>
      client.hset(partitionKeys(to, meta.partition).meta, 'commit', commitId, ...fields),
    )
  }

  return {
    holdings,
    async carry(from, to, partitions, onProgress) {
      for (const { meta } of partitions) assertPlace(meta, to, meta.partition)
      const numbers = new Set(partitions.map(({ meta }) => meta.partition))
      const count = Math.max(-1, ...numbers) + 1
      await assertUnused(to, count)
      const removeWritten = () => remove(`*hp:${to}:*`, ({ generation }) => generation === to)
      await removeWritten()
      try {
        for (const one of partitions) await writeMeta(to, one, { ...one.meta, generation: from })
        const copied = await copyAll(from, to, numbers, onProgress)
        const now = await holdings(from, count)
        const moved = partitions.find(
          ({ commitId, meta }) => now[meta.partition]?.commitId !== commitId,
        )
        if (moved !== undefined)
          throw new StateError(
            'generation_changed',
            `an engine has committed to partition ${moved.meta.partition} of generation ${from} meanwhile: stop all engines, then try again`,
          )
        for (const one of partitions) await writeMeta(to, one, one.meta)
        return copied
      } catch (error) {
        await removeWritten().catch(() => undefined)
        throw error
      }
    },
    remove: (unwanted, onProgress) =>
      remove('*hp:*', ({ generation }) => unwanted(generation), onProgress),
    close,
  }
}

/** Position and outbox are written anew. */
const isCarried = ({ partition, rest }: OurKey, wanted: ReadonlySet<number>): boolean =>
  partition === null || (wanted.has(partition) && rest !== 'm' && rest !== 'out')

/** How a state becomes one of the present format; null for what is no state. */
function forwardOf(rest: string, codec: StateCodec): ((bytes: Buffer) => Buffer) | null {
  if (rest.startsWith('s:')) return codec.forwardProfile
  return rest.startsWith('x:') ? codec.forwardSession : null
}
