/** What an action demands of a session, and whether the session has shown it. Freshness is a requirement, never a signal. */
import type { Assurance, SessionEvent } from './event.ts'
import type { ActionRank, ActionRule, Policy, Requirement, Sensitivity } from './policy.ts'
import type { Context, Session } from './state.ts'

export interface Demand {
  readonly sensitivity: Sensitivity
  readonly rank: ActionRank
  /** Id of the rule that said so, '' where none matched. */
  readonly rule: string
}

const routine: Demand = { sensitivity: 'routine', rank: 'read', rule: '' }

/** What policy says of the event's action. Rank comes from policy; the producer's `access` counts up to write where no rule names the action. */
export function demandOf(event: SessionEvent, policy: Policy): Demand {
  const action = event.action
  if (action === null) return routine
  const rule = ruleFor(action.name.toLowerCase(), policy.actions)
  if (rule === null) {
    const writes = action.access !== 'read' && action.access !== 'unknown'
    return writes ? { sensitivity: 'routine', rank: 'write', rule: '' } : routine
  }
  const small =
    rule.amountFrom !== undefined &&
    action.amount !== null &&
    Math.abs(action.amount) < rule.amountFrom
  return {
    sensitivity: small ? (rule.belowSensitivity ?? rule.sensitivity) : rule.sensitivity,
    rank: rule.rank,
    rule: rule.id,
  }
}

/** A privilege that a session or subject was given, and the rank that policy gives to what it names. */
export interface Right {
  readonly name: string
  readonly rank: 'admin' | 'secret'
}

const noRights: readonly Right[] = []

/** Those of the event's privileges that policy ranks admin or secret. */
export function rightsOf({ privileges }: SessionEvent, policy: Policy): readonly Right[] {
  if (privileges.length === 0) return noRights
  return privileges.flatMap((name): readonly Right[] => {
    const rank = ruleFor(actionNamed(name), policy.actions)?.rank
    return rank === 'admin' || rank === 'secret' ? [{ name, rank }] : []
  })
}

/**
 * The action that a right names: `scope:secrets:read` is `secrets.read`. A bare noun stands for all that is
 * done in its name: `role:admin` is `admin.`, which `admin.*` matches.
 */
function actionNamed(privilege: string): string {
  const name = privilege
    .toLowerCase()
    .replaceAll(/[:/]/g, '.')
    .replace(/^(roles?|scopes?|permissions?|privileges?|groups?)\./, '')
  return name.includes('.') ? name : `${name}.`
}

/** Which rule an action's name meets, remembered: names are few and rules are matched in order. */
const ruleCache = new WeakMap<readonly ActionRule[], Map<string, ActionRule | null>>()
const ruleCacheMax = 10_000

function ruleFor(name: string, rules: readonly ActionRule[]): ActionRule | null {
  let known = ruleCache.get(rules)
  if (known === undefined || known.size >= ruleCacheMax) {
    known = new Map()
    ruleCache.set(rules, known)
  }
  let rule = known.get(name)
  if (rule === undefined) {
    rule = rules.find((candidate) => candidate.patterns.some((p) => matches(p, name))) ?? null
    known.set(name, rule)
  }
  return rule
}

/** Glob match where `*` stands for any run of characters; linear in the name for each `*`. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return name === pattern
  const last = parts[parts.length - 1] ?? ''
  if (!name.startsWith(first) || !name.endsWith(last)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}

/**
 * The rank of an authentication in the policy's order of assurance: by `acr` where the policy lists
 * it, else by the strongest set of methods wholly present (RFC 8176). A successful authentication
 * that says nothing of itself has rank 1. `acr` is ordered by policy, never compared as text.
 */
export function assuranceRank(assurance: Assurance | null, policy: Policy): number {
  if (assurance === null) return 1
  const byAcr = policy.assurance.findIndex((level) => level.acrs.includes(assurance.acr))
  if (byAcr >= 0) return byAcr + 1
  for (let rank = policy.assurance.length; rank > 0; rank -= 1) {
    const sets = policy.assurance[rank - 1]?.amrs ?? []
    if (sets.some((set) => set.every((method) => assurance.amr.includes(method)))) return rank
  }
  return 1
}

/** Authentication times come in whole seconds from some providers (OIDC `auth_time`): compared by the second. */
export const notOlder = (authTime: number, than: number): boolean =>
  authTime >= Math.floor(than / 1000) * 1000

export interface Standing {
  readonly session: Session
  /** The context of the present event. */
  readonly context: Pick<Context, 'id' | 'proven'>
  /** When the newest evidence that still counts was seen, 0 for none. */
  readonly evidenceAt: number
  readonly t: number
}

/**
 * Whether the session's assurance meets a requirement. Before its login is known, freshness is blind, not
 * unmet. What has to be shown here is shown by a proof of the present context: a login that was itself
 * at risk is none.
 */
export function meets(
  requirement: Requirement,
  { session, context, evidenceAt, t }: Standing,
): boolean {
  const { rank, authTime } = session.assurance
  if (requirement.here) {
    if (!context.proven || session.assurance.context !== context.id) return false
    if (!notOlder(authTime, evidenceAt)) return false
  } else if (t <= session.provisionalUntil) {
    return true
  }
  if (rank < requirement.rank) return false
  return requirement.maxAge === 0 || t - authTime <= requirement.maxAge * 1000
}
