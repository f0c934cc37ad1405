/** A partition in memory: folds records in order and keeps what they led to, as an engine would without a store. */

import type { Decision } from '../decision.ts'
import { defaultPolicy } from '../default-policy.ts'
import type { LogRecord, Origin, SessionEvent } from '../event.ts'
import { emptyMeta, foldPartition } from '../fold.ts'
import type { FoldResult, PartitionMeta, States } from '../fold-types.ts'
import type { Notice } from '../notice.ts'
import type { Profile, Session } from '../state.ts'
import { event } from './scene.ts'

export interface Folder extends States {
  /** All of them, also what was kept back. */
  readonly decisions: Decision[]
  /** What apps hear of. */
  readonly published: Decision[]
  /** What they do not. */
  readonly shadow: Decision[]
  readonly notices: Notice[]
  fold(record: LogRecord): FoldResult
  /** Folds an event of the honest afternoon, changed by what the case is about. */
  happens(over: Partial<SessionEvent>, origin?: Origin | null): FoldResult
  /** Everything kept, for comparison. */
  snapshot(): unknown
  /** The states alone, without the ids of step-ups and decisions, which tell of the place in the log. */
  states(): {
    readonly profiles: readonly (readonly [string, Profile])[]
    readonly sessions: readonly (readonly [string, Session])[]
  }
}

let ids = 0

export function folder(policy = defaultPolicy, partition = 7): Folder {
  const profiles = new Map<string, Profile>()
  const sessions = new Map<string, Session>()
  const origins = new Map<string, number>()
  let meta: PartitionMeta = emptyMeta(1, partition)
  const self: Folder = {
    decisions: [],
    published: [],
    shadow: [],
    notices: [],
    profile: (key) => profiles.get(key) ?? null,
    session: (key) => sessions.get(key) ?? null,
    origin: (key) => origins.get(key) ?? -1,
    dueSubjects: (t, limit) =>
      [...profiles]
        .map(([key, profile]) => ({ key, due: profile.timers[0]?.due ?? Number.POSITIVE_INFINITY }))
        .filter(({ due }) => due <= t)
        .sort((a, b) => a.due - b.due || (a.key < b.key ? -1 : 1))
        .slice(0, limit)
        .map(({ key }) => key),
    fold(record) {
      const result = foldPartition(meta, { offset: meta.appliedOffset + 1, record }, self, policy)
      meta = result.meta
      for (const [key, profile] of result.profiles) profiles.set(key, profile)
      for (const [key, session] of result.sessions) sessions.set(key, session)
      if (result.origin !== null) origins.set(result.origin.key, result.origin.offset)
      self.decisions.push(...result.decisions)
      for (const [index, decision] of result.decisions.entries()) {
        const to = result.keptBack.has(index) ? self.shadow : self.published
        to.push(decision)
      }
      self.notices.push(...result.notices)
      return result
    },
    happens(over, origin = null) {
      ids += 1
      return self.fold({ kind: 'event', event: event({ idHash: ids, ...over }), origin })
    },
    states: () => {
      const nameless = ([key, session]: [string, Session]): readonly [string, Session] => [
        key,
        {
          ...session,
          stepUp: session.stepUp && { ...session.stepUp, id: '' },
          decisions: session.decisions.map((told) => ({ ...told, id: '' })),
        },
      ]
      return { profiles: [...profiles], sessions: [...sessions].map(nameless) }
    },
    snapshot: () => ({ profiles: [...profiles], sessions: [...sessions], meta }),
  }
  return self
}
