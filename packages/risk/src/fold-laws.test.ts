/** The laws of the fold, over arbitrary histories of a few subjects: whatever comes, these hold. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from './default-policy.ts'
import type { LogRecord } from './event.ts'
import { caps } from './state.ts'
import { type Folder, folder } from './testing/folding.ts'
import { follow, histories } from './testing/histories.ts'
import { hours, minutes } from './testing/scene.ts'

function folded(records: readonly LogRecord[]): Folder {
  const folding = folder()
  const fold = follow(folding)
  for (const record of records) fold(record)
  return folding
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}

const law = (check: (records: readonly LogRecord[]) => void) =>
  fc.assert(fc.property(histories, check), { numRuns: 600 })

/** What was asked of those sessions that are over: one that began in the very millisecond goes on. */
const askedBefore = (folding: Folder, subject: string, asked: ReadonlyMap<string, string>) =>
  [...asked].flatMap(([id, session]) => {
    const notBefore = folding.profile(subject)?.notBefore ?? 0
    const startedAt = folding.session(session)?.startedAt ?? notBefore
    return session.startsWith(`${subject}/`) && startedAt < notBefore ? [id] : []
  })

describe('the fold', () => {
  it('I14: gives the same bytes each time, and never writes to what it was given', () =>
    law((records) => {
      deepFreeze(records)
      const [one, other] = [folded(records), folded(records)]
      expect(JSON.stringify(one.decisions)).toBe(JSON.stringify(other.decisions))
      expect(JSON.stringify(one.snapshot())).toBe(JSON.stringify(other.snapshot()))
    }))

  it('changes nothing when an event comes twice in a row', () =>
    law((records) => {
      const twice = records.flatMap((record) => [record, record])
      const told = (folding: Folder) =>
        folding.decisions.map(({ type, decidedAt, sessionId, risk }) => [
          type,
          decidedAt,
          sessionId,
          risk,
        ])
      const [once, again] = [folded(records), folded(twice)]
      expect(told(again)).toEqual(told(once))
      expect(again.states()).toEqual(once.states())
    }))

  it('numbers decisions upwards, each with an id of its own', () =>
    law((records) => {
      const { decisions } = folded(records)
      const sequences = decisions.map((d) => d.sequence)
      expect(sequences).toEqual([...sequences].sort())
      expect(new Set(decisions.map((d) => d.decisionId)).size).toBe(decisions.length)
    }))

  it('tells the SOC of each finding from create to close, and of as many as stand in the states', () =>
    law((records) => {
      const folding = folder()
      const fold = follow(folding)
      const open = new Set<string>()
      for (const record of records) {
        for (const { activity, uid, alertId, decisions } of fold(record).alerts) {
          expect(open.has(uid), `${activity} ${uid}`).toBe(activity !== 'create')
          if (activity === 'close') open.delete(uid)
          else open.add(uid)
          expect(decisions.map(({ decisionId }) => decisionId)).not.toContain(alertId)
        }
      }
      const { profiles, sessions } = folding.states()
      const standing = sessions.flatMap(([key, session]) => {
        const active = session.status === 'active'
        const only = session.alertOnly.filter(({ afterEnd }) => active || afterEnd)
        return [...(active ? session.contributions : []), ...only].map(
          ({ detector, reason, found }) => `${key}.${detector}.${reason}.${found}`,
        )
      })
      // What was found in events without a session stands with their subject.
      const ofSubjects = profiles.flatMap(([key, { alertOnly }]) =>
        alertOnly.map(({ detector, reason, found }) => `${key}.${detector}.${reason}.${found}`),
      )
      expect([...open].sort()).toEqual([...standing, ...ofSubjects].sort())
    }))

  it('scores within 0 and 1000, at a level that the thresholds allow', () =>
    law((records) => {
      for (const { risk } of folded(records).decisions) {
        expect(Number.isInteger(risk.score) && risk.score >= 0 && risk.score <= 1000).toBe(true)
        if (risk.score >= 700) expect(risk.level).toBe('HIGH')
        if (risk.score < 300) expect(risk.level).toBe('LOW')
      }
    }))

  it('says nothing more of a session once it has revoked it', () =>
    law((records) => {
      const folding = folder()
      const fold = follow(folding)
      const revoked = new Set<string>()
      const asked = new Map<string, string>()
      const settled = new Set<string>()
      for (const record of records) {
        const told = folding.published.length
        fold(record)
        for (const one of folding.published.slice(told)) {
          const { type, sessionId, subject, stepUp, resolution } = one
          const session = `${subject.id}/${sessionId}`
          expect(revoked.has(session)).toBe(false)
          // What was asked before all sessions of a subject were revoked is not resolved any more.
          expect(settled.has(resolution?.stepUpId ?? '')).toBe(false)
          if (stepUp !== null) asked.set(stepUp.id, session)
          if (type !== 'session.revoked') continue
          if (sessionId !== null) revoked.add(session)
          else for (const id of askedBefore(folding, subject.id, asked)) settled.add(id)
        }
      }
    }))

  it('I12: resolves each step-up at most once, and holds at most one open a session', () =>
    law((records) => {
      const open = new Map<string, string>()
      for (const { type, sessionId, subject, stepUp, resolution } of folded(records).published) {
        const session = `${subject.id}/${sessionId}`
        if (type === 'session.stepup.required') {
          expect(open.has(session)).toBe(false)
          open.set(session, stepUp?.id ?? '')
        }
        if (type === 'session.stepup.resolved') {
          expect(open.get(session)).toBe(resolution?.stepUpId)
          open.delete(session)
        }
      }
    }))

  it('I12: prompts a person for risk at most three times an hour, five minutes apart', () =>
    law((records) => {
      const prompts = new Map<string, number[]>()
      for (const { type, decidedAt, subject, stepUp, risk } of folded(records).decisions) {
        const risky = risk.level !== 'LOW' && type === 'session.stepup.required'
        if (!risky || stepUp?.prompt !== true || subject.kind !== 'human') continue
        const earlier = prompts.get(subject.id) ?? []
        expect(earlier.every((at) => Math.abs(decidedAt - at) >= minutes(5))).toBe(true)
        expect(earlier.filter((at) => Math.abs(decidedAt - at) < hours(1)).length).toBeLessThan(3)
        prompts.set(subject.id, [...earlier, decidedAt])
      }
    }))

  it('never prompts a workload or an agent', () =>
    law((records) => {
      for (const { subject, stepUp } of folded(records).decisions) {
        if (stepUp === null) continue
        if (subject.kind === 'human' && stepUp.obligation === 'reauthenticate') continue
        expect(stepUp.obligation).not.toBe('reauthenticate')
        expect(stepUp.prompt).toBe(false)
        expect(stepUp.acrValues).toEqual([])
      }
    }))

  it('I11: keeps its states bounded', () =>
    law((records) => {
      const { profiles, sessions } = folded(records).states()
      const most = (list: readonly unknown[], max: number) =>
        expect(list.length).toBeLessThanOrEqual(max)
      for (const [, profile] of profiles) {
        most(profile.contexts, caps.profileContexts)
        most(profile.sightings, caps.profileSightings)
        most(profile.timers, caps.profileTimers)
        most(profile.credentials, caps.profileCredentials)
        most(profile.enrolments, caps.profileEnrolments)
        most(profile.poisoned, caps.profilePoisoned)
        most(profile.prompts, caps.prompts)
        most(profile.repeats, caps.repeatsOther)
        most(profile.alertOnly, caps.alertOnly)
      }
      for (const [, session] of sessions) {
        most(session.contexts, caps.sessionContexts)
        most(session.runs, caps.sessionRuns)
        most(session.children, caps.sessionChildren)
        most(session.repeats, caps.repeatsOther)
        most(session.contributions, caps.sessionContributions)
        most(session.decisions, caps.sessionDecisions)
        most(session.alertOnly, caps.alertOnly)
      }
    }))

  it('I14: takes part of a log as it takes the whole: what came later changes no earlier decision', () =>
    law((records) => {
      const half = records.slice(0, Math.floor(records.length / 2))
      const early = folded(half).decisions.map((d) => JSON.stringify(d))
      expect(
        folded(records)
          .decisions.slice(0, early.length)
          .map((d) => JSON.stringify(d)),
      ).toEqual(early)
    }))
})

describe('the shipped policy', () => {
  it('carries the hash of its own content as its version', async () => {
    const { createHash } = await import('node:crypto')
    const { version, ...content } = defaultPolicy
    const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex')
    expect(version).toBe(`sha256:${hash}`)
  })
})
