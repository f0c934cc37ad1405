/** One session's token in two hands: two contexts take turns with it. */
import { sameClient, sameMachine } from '../client.ts'
import { defineDetector, type Scene } from '../detector.ts'
import type { Place } from '../event.ts'
import { list, record, time, uint, type ValueOf } from '../fields.ts'
import { distanceKm, isValidPlace } from '../geo.ts'
import { sameCountryOtherFamily, sameNetwork } from '../network.ts'
import type { Context } from '../state.ts'
import { clientName, contextName, networkName } from './describe.ts'

const turnFields = record({ context: uint, at: time })
/** First and last sighting of each stay in a context, by evidence time. */
const turnList = list(10, turnFields)
type Turns = ValueOf<typeof turnList>

interface Params {
  readonly windowMs: number
  readonly roundTripsMin: number
  /** km between two lines of one place. */
  readonly nearKm: number
}

/**
 * The turns with this event's among them; those inside a stay say nothing and go, as do the old. A
 * session in one context takes no turns: when a second one comes, the first begins where it was last seen.
 */
function withTurn(turns: Turns, scene: Scene, { windowMs }: Params): Turns {
  const { event, context, session } = scene
  if (session.contexts.length < 2 || (event.network === null && event.client === null)) return turns
  const turn = { context: context.id, at: event.occurredAt }
  if (turns.some((t) => t.context === turn.context && t.at === turn.at)) return turns
  const before = turns.length > 0 ? turns : stays(scene)
  const all = [...before, turn].sort((a, b) => a.at - b.at)
  const since = (all.at(-1)?.at ?? 0) - windowMs
  const kept = all
    .filter((t) => t.at >= since)
    .filter((t, i, of) => of[i - 1]?.context !== t.context || of[i + 1]?.context !== t.context)
    .slice(-turnList.max)
  const changed = kept.length !== turns.length || kept.some((t, i) => t !== turns[i])
  return changed ? kept : turns
}

const stays = ({ session, context }: Scene): Turns =>
  session.contexts
    .filter((c) => c.id !== context.id)
    .map((c) => ({ context: c.id, at: c.lastSeen }))

/** How often the turn passes between two contexts; four times are two round trips. */
const passes = (turns: Turns, a: number, b: number): number =>
  turns
    .filter((t) => t.context === a || t.context === b)
    .filter((t, i, pair) => i > 0 && pair[i - 1]?.context !== t.context).length

/** One client that switches between its own networks: wifi and mobile, IPv4 and IPv6, a relay's egress. */
function isOneUser({ network: a, client: aClient }: Context, b: Context): boolean {
  if (aClient !== null && b.client !== null && !sameClient(aClient, b.client)) return false
  if (a?.kind === 'relay' || b.network?.kind === 'relay') return true
  if (a === null || b.network === null) return true
  if (a.kind === 'mobile' || b.network.kind === 'mobile') return true
  return sameNetwork(a, b.network) || sameCountryOtherFamily(a, b.network)
}

/**
 * Turns that one user's own lines may take, of which one stands in for the other: one device's in one
 * country, anybody's in one place. And those of a tunnel that carries a part of what one device sends.
 */
function mayBeOneUser(a: Context, b: Context, { nearKm }: Params): boolean {
  if (a.client !== null && b.client !== null && !sameClient(a.client, b.client)) return false
  const kinds = [a.network?.kind, b.network?.kind]
  if (a.client !== null && b.client !== null && sameMachine(a.client, b.client)) return true
  const oneDevice = a.client?.device === b.client?.device && (a.client?.device ?? 0) !== 0
  if (oneDevice && kinds.includes('vpn')) return true
  if (kinds.some((kind) => kind === 'vpn' || kind === 'hosting' || kind === 'tor')) return false
  const country = a.network?.country ?? ''
  if (oneDevice && country !== '' && country === b.network?.country) return true
  const placed = isPrecise(a.place) && isPrecise(b.place)
  return placed && distanceKm(a.place, b.place) <= nearKm
}

const isPrecise = (place: Place | null): place is Place =>
  place !== null && isValidPlace(place) && place.city !== ''

/** What tells one context from another, in a few words: the network, or on one network the client. */
const whereOf = (context: Context, other: Context): string =>
  context.client !== null && networkName(context.network) === networkName(other.network)
    ? clientName(context.client)
    : networkName(context.network)

export const tokenReplayed = defineDetector({
  name: 'token-replayed',
  version: 1,
  family: 'token',
  reasons: {
    TOKEN_REPLAYED: 'Two contexts, one of them unproven, use the session in turns.',
  },
  about: {
    sees: 'Two contexts of one session that take turns with it, one of them unproven: four passes are two round trips. It counts less where both may be one user: one machine by device id and fingerprint, one device in one country or through a VPN, two lines of one place.',
    misses: [
      'A thief who is silent while the subject acts, or who acts seldom.',
      "A thief with the subject's client on a mobile or relay network, or in the subject's own network.",
    ],
    mistakes: [
      'A split tunnel or a line that fails over and back, where the producer states no device id or no fingerprint.',
    ],
  },
  params: { score: 750, scoreOneUser: 300, windowMs: 10 * 60_000, roundTripsMin: 2, nearKm: 100 },
  needs: [],
  memory: { session: { turns: turnList }, profile: {} },
  detect(scene, { session }, params) {
    const here = scene.context
    const rivals = scene.session.contexts.filter(
      (c) => c.id !== here.id && !(c.proven && here.proven) && !isOneUser(here, c),
    )
    if (rivals.length === 0) return null
    const turns = withTurn(session.turns, scene, params)
    const [found] = rivals
      .filter((c) => passes(turns, here.id, c.id) >= 2 * params.roundTripsMin)
      .map((other) => ({
        other,
        score: mayBeOneUser(here, other, params) ? params.scoreOneUser : params.score,
      }))
      .sort((a, b) => b.score - a.score)
    if (found === undefined) return null
    const { other, score } = found
    const [proven, replaying] = here.proven ? [here, other] : [other, here]
    return {
      reason: 'TOKEN_REPLAYED',
      score,
      halfLifeMs: 0,
      context: replaying.id,
      message: `Used in turns from ${whereOf(proven, replaying)} and from ${whereOf(replaying, proven)}`,
      evidence: {
        previousContext: contextName(proven),
        context: contextName(replaying),
        turns: passes(turns, here.id, other.id) + 1,
      },
    }
  },
  remember(scene, memory, params) {
    const turns = withTurn(memory.session.turns, scene, params)
    return turns === memory.session.turns ? memory : { ...memory, session: { turns } }
  },
})
