/** `holdpoint state show`: what stands of one session, and its story, for a person or as JSON. */
import { partitionOf, recordKey, topics, topicTable } from '@holdpoint/contracts'
import { createHasher } from '@holdpoint/ingest'
import type { Contribution, Profile, Session, StoryEntry } from '@holdpoint/risk'
import type { StateStore } from '@holdpoint/state'
import { aligned, escaped, timeText } from '../dlq/text.ts'
import { CommandError } from '../errors.ts'
import { postureOf } from './posture.ts'

export interface Named {
  readonly tenant: string
  readonly subject: string
  readonly session: string
}

export interface ShownSession {
  readonly named: Named
  readonly partition: number
  readonly session: Session
  readonly profile: Profile | null
  /** The oldest first. */
  readonly story: readonly StoryEntry[]
}

const partitions = topicTable.find(({ name }) => name === topics.internal)?.partitions ?? 1

/**
 * Reads one session from the store.
 *
 * @param hashKey ingest's secret: without it nobody can tell which state is whose
 * @throws CommandError where no such session is kept, and as the store does
 */
export async function findSession(
  store: StateStore,
  hashKey: string,
  named: Named,
): Promise<ShownSession> {
  const { tenant, subject, session: sessionId } = named
  const hasher = createHasher(hashKey)
  const partition = partitionOf(recordKey(tenant, subject), partitions)
  const profileKey = hasher.key(tenant, subject)
  const sessionKey = hasher.key(tenant, subject, sessionId)
  const { profiles, sessions } = await store.load(partition, {
    profiles: [profileKey],
    sessions: [sessionKey],
  })
  const session = sessions.get(sessionKey)
  const profile = profiles.get(profileKey) ?? null
  if (session === undefined) {
    throw new CommandError(
      profile === null
        ? `nothing is kept of ${escaped(subject)} in tenant ${escaped(tenant)}: see --tenant, HOLDPOINT_GENERATION, and whether HOLDPOINT_HASH_KEY is ingest's`
        : `no session ${escaped(sessionId)} of ${escaped(subject)} is kept: it never had an event, or its life is over`,
    )
  }
  return { named, partition, session, profile, story: await store.story(partition, sessionKey) }
}

/**
 * For a person: what stands, what it rests on, and what happened.
 * @param now ms since the epoch
 */
export function sessionLines(shown: ShownSession, now: number): readonly string[] {
  const { named, partition, session, profile, story } = shown
  const { level, score, startedAt, lastSeen, stepUp } = session
  const { status, why } = postureOf(session, profile, now)
  const facts = [
    ['tenant', escaped(named.tenant)],
    ['partition', String(partition)],
    ['status', why === '' ? status : `${status}: ${why}`],
    ['risk', `${level}, ${score} of 1000 at its last event`],
    ['began', timeText(startedAt)],
    ['last event', timeText(lastSeen)],
    [
      'step-up',
      stepUp === null
        ? 'none open'
        : `${stepUp.id} until ${timeText(stepUp.deadline)}, by ${stepUp.rule}`,
    ],
  ] as const
  return [
    `session ${escaped(named.session)} of ${escaped(named.subject)}`,
    ...indented(aligned(facts)),
    '',
    'what its risk rests on',
    ...indented(reasonLines(session.contributions)),
    '',
    'its story',
    ...indented(story.length === 0 ? ['nothing was found in it'] : story.flatMap(entryLines)),
  ]
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)

const reasonLines = (contributions: readonly Contribution[]): readonly string[] =>
  contributions.length === 0
    ? ['nothing']
    : aligned(
        contributions.map(({ reason, score, seen }) => [reason, `${score} at ${timeText(seen)}`]),
      )

function entryLines({ at, eventType, action, signal }: StoryEntry): readonly string[] {
  const { reason, score, message, evidence } = signal
  const found = score === 0 ? 'alert only' : score === 1000 ? 'conclusive' : String(score)
  const what = action === '' ? eventType : `${eventType} ${escaped(action)}`
  return [
    `${timeText(at)}  ${reason} (${found}), ${what}`,
    `  ${escaped(message)}`,
    ...Object.entries(evidence).map(([name, value]) => `  ${name}: ${escaped(String(value))}`),
  ]
}

/**
 * For a machine, one value.
 * @param now ms since the epoch
 */
export const sessionJson = (
  { named, partition, session, profile, story }: ShownSession,
  now: number,
) => ({
  ...named,
  partition,
  posture: postureOf(session, profile, now),
  state: session,
  profile,
  story,
})
