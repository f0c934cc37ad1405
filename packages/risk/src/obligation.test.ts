/** What each cell of the table of requirements asks of software: never a prompt, never an end by score, attempts or time. */
import { describe, expect, it } from 'vitest'
import type { SessionEvent, SubjectKind } from './event.ts'
import { type Folder, folder } from './testing/folding.ts'
import { credential, hours, minutes, network, python, start } from './testing/scene.ts'

const dublin = network({ kind: 'hosting', asn: 16509, country: 'IE', address: 33 })
const frankfurt = network({ kind: 'hosting', asn: 24940, country: 'DE', address: 44 })
const key = credential({ id: 7, kind: 'api-key' })
const after = (n: number): Partial<SessionEvent> => {
  const t = start + minutes(n)
  return { occurredAt: t, receivedAt: t }
}
const act = (name: string): Partial<SessionEvent> => ({
  action: { name, resource: '', access: 'read', amount: null, currency: '' },
})
const deeds = { routine: 'docs.read', sensitive: 'admin.open', critical: 'secrets.read' } as const
const assertion = { type: 'reauthentication' as const, action: null }

interface Job {
  readonly folding: Folder
  /** The job's next event, so many minutes after its beginning. */
  does(n: number, over: Partial<SessionEvent>): void
}

/** A job (or agent) of its own, at a level: LOW at home; MEDIUM (450) from a new network; HIGH (863 and more) in turns with its old one. */
function at(level: 'LOW' | 'MEDIUM' | 'HIGH', kind: SubjectKind): Job {
  const folding = folder()
  const of = { subject: { id: 'ci', kind, iss: '' }, client: python, credential: key }
  const does: Job['does'] = (n, over) => {
    folding.happens({ ...of, network: dublin, ...act(deeds.routine), ...after(n), ...over })
  }
  does(0, {})
  // It has done what it does before: no first use of a rank is news.
  if (level !== 'LOW') does(1, { network: frankfurt })
  if (level === 'HIGH') for (let n = 2; n < 6; n += 1) does(n, n % 2 ? { network: frankfurt } : {})
  expect(folding.session('session-1')?.level).toBe(level)
  return { folding, does }
}

const asked = ({ folding }: Job) => folding.decisions.findLast((d) => d.stepUp !== null)?.stepUp
const revoked = ({ folding }: Job) => folding.decisions.some((d) => d.type === 'session.revoked')

type Cell = ['LOW' | 'MEDIUM' | 'HIGH', keyof typeof deeds, string | null]
const cells: Readonly<Record<'workload' | 'agent', Cell[]>> = {
  workload: [
    ['LOW', 'routine', null],
    ['LOW', 'sensitive', 'fresh-assertion'],
    ['LOW', 'critical', 'fresh-assertion'],
    ['MEDIUM', 'routine', null],
    ['MEDIUM', 'sensitive', 'fresh-assertion'],
    ['MEDIUM', 'critical', 'narrower-scope'],
    ['HIGH', 'routine', 'jit-credential'],
    ['HIGH', 'sensitive', 'jit-credential'],
    ['HIGH', 'critical', 'jit-credential'],
  ],
  agent: [
    ['LOW', 'routine', null],
    ['LOW', 'sensitive', 'fresh-assertion'],
    ['LOW', 'critical', 'fresh-assertion'],
    ['MEDIUM', 'routine', null],
    ['MEDIUM', 'sensitive', 'approval'],
    ['MEDIUM', 'critical', 'approval'],
    ['HIGH', 'routine', 'jit-credential'],
    ['HIGH', 'sensitive', 'jit-credential'],
    ['HIGH', 'critical', 'jit-credential'],
  ],
}

describe.each(['workload', 'agent'] as const)('a %s', (kind) => {
  it.each(cells[kind])(
    'at %s, for what is %s, is asked for: %s',
    (level, sensitivity, obligation) => {
      const job = at(level, kind)
      // Far enough on that freshness is unmet too, where it is all that is asked.
      const n = level === 'LOW' ? 9 * 60 : 7
      const there = level === 'LOW' ? {} : { network: frankfurt }
      job.does(n, { ...there, ...act(deeds[sensitivity]) })
      const request = asked(job)
      expect(request?.obligation ?? null).toBe(obligation)
      if (request === undefined || request === null) return
      expect(request).toMatchObject({ prompt: false, acrValues: [] })
      expect(request.rotate).toBe(
        obligation !== 'approval' && (level === 'HIGH' || level === 'MEDIUM'),
      )
      expect(revoked(job)).toBe(false)
    },
  )

  it('is not revoked for three failed attempts, nor for a deadline that it missed, nor at 900', () => {
    const job = at('HIGH', kind)
    for (const n of [6, 7, 8]) {
      job.does(n, { ...assertion, network: frankfurt, outcome: 'failure' })
    }
    job.folding.fold({ kind: 'tick', t: start + hours(1) })
    job.does(70, {
      network: frankfurt,
      credential: credential({ id: 7, kind: 'api-key', status: 'revoked' }),
    })
    expect(job.folding.session('session-1')?.score).toBeGreaterThanOrEqual(900)
    expect(revoked(job)).toBe(false)
  })

  it('is revoked for a conclusive reason', () => {
    const job = at('LOW', kind)
    job.does(5, { credential: { ...key, status: 'reused' } })
    expect(revoked(job)).toBe(true)
  })
})

describe('what a workload is asked for', () => {
  it('is met by a fresh assertion of any rank, which people could not meet so', () => {
    const job = at('LOW', 'workload')
    job.does(60, act(deeds.critical))
    expect(asked(job)?.obligation).toBe('fresh-assertion')
    job.does(61, assertion)
    const told = job.folding.decisions.length
    job.does(62, act(deeds.critical))
    expect(job.folding.decisions).toHaveLength(told)
  })

  const renewed = (issuedAgo: number, kind: 'api-key' | 'session-token' = 'api-key') => {
    const job = at('HIGH', 'workload')
    const issuedAt = start + minutes(8) - minutes(issuedAgo)
    job.does(8, {
      ...assertion,
      network: frankfurt,
      sessionId: 's-2',
      previousSessionId: 's-1',
      keys: {
        subject: 'subject-1',
        session: 'session-2',
        previousSession: 'session-1',
        parentSession: '',
      },
      credential: credential({ id: 8, kind, issuedAt }),
    })
    return job.folding.session('session-2')
  }

  it('at HIGH is met by a credential made just in time, under a new session id', () =>
    expect(renewed(1)).toMatchObject({ level: 'LOW', score: 0, notAfter: 0 }))

  it('at HIGH is not met by an old credential', () => expect(renewed(60)?.level).toBe('HIGH'))

  it('at HIGH is not met by a token that a stolen key can get', () =>
    expect(renewed(1, 'session-token')?.level).toBe('HIGH'))
})
