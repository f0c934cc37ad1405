/** Sessions begun from others: single sign-on and its apps, a person and the agents that she sent. */
import { describe, expect, it } from 'vitest'
import { approves } from './approve.ts'
import type { SessionEvent } from './event.ts'
import { keepsChild } from './lineage.ts'
import { caps, emptyProfile, emptySession } from './state.ts'
import { type Folder, folder } from './testing/folding.ts'
import {
  chrome,
  credential,
  event,
  farNetwork,
  homeNetwork,
  hours,
  london,
  minutes,
  network,
  saoPaulo,
  start,
} from './testing/scene.ts'
import { followUps, keysOf } from './wanted.ts'

const home = { network: homeNetwork, place: london, client: chrome }
const thief = { network: farNetwork, place: saoPaulo, client: chrome }
const cloud = { network: network({ kind: 'hosting', asn: 16509, country: 'IE', address: 33 }) }
const password = { acr: 'aal1', amr: ['pwd'], authTime: null }
const twoFactors = { acr: 'aal2', amr: ['pwd', 'otp'], authTime: null }
const passkey = { acr: 'phr', amr: ['hwk'], authTime: null }
const after = (n: number): Partial<SessionEvent> => {
  const t = start + minutes(n)
  return { occurredAt: t, receivedAt: t }
}

const session = (name: string, parent = '', previous = ''): Partial<SessionEvent> => ({
  sessionId: name,
  parentSessionId: parent,
  previousSessionId: previous,
  keys: { subject: 'subject-1', session: name, previousSession: previous, parentSession: parent },
})
const agent = { ...cloud, actor: [{ id: 'agent-7', kind: 'agent' as const }] }
const login = { type: 'login' as const, action: null, assurance: twoFactors }
const reauthentication = { type: 'reauthentication' as const, action: null }
const revocation = { type: 'revocation' as const, action: null }
const pay = (amount: number): Partial<SessionEvent> => ({
  action: { name: 'payments.approve', resource: '', access: 'write', amount, currency: 'EUR' },
})

/** A person at `sso`, an app and an agent begun from it, and an agent that the agent sent. */
function family(): Folder {
  const folding = folder()
  for (let day = 3; day > 0; day -= 1) {
    folding.happens({ ...home, ...session(`h-${day}`), ...login, ...after(-1440 * day) })
  }
  folding.happens({ ...home, ...session('sso'), ...login, ...after(0) })
  folding.happens({ ...home, ...session('app', 'sso'), ...login, ...after(1) })
  folding.happens({ ...agent, ...session('agent', 'sso'), ...after(2) })
  folding.happens({ ...agent, ...session('agent-2', 'agent'), ...after(3) })
  expect(folding.decisions).toEqual([])
  return folding
}

function stolen(): Folder {
  const folding = family()
  folding.happens({ ...thief, ...session('sso'), ...after(15) })
  return folding
}

const statuses = (folding: Folder, ...names: string[]) =>
  names.map((name) => folding.session(name)?.status)
const revoked = (folding: Folder) =>
  folding.decisions.filter((d) => d.type === 'session.revoked').map((d) => d.sessionId)

describe('what was begun from a session', () => {
  it('ends with it in the same record, to the depth of a chain, each with a decision of its own', () => {
    const folding = family()
    const { decisions } = folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    const ends = decisions.filter((d) => d.type === 'session.revoked')
    expect(ends.map((d) => d.sessionId)).toEqual(['sso', 'app', 'agent', 'agent-2'])
    for (const { session, policy, reasons } of ends.slice(1)) {
      expect(session.status).toBe('revoked')
      expect(policy.rule).toBe('revoke.parent')
      expect(reasons).toMatchObject([{ reason: 'PARENT_REVOKED', score: 1000 }])
    }
    expect(statuses(folding, 'app', 'agent', 'agent-2')).toEqual(['revoked', 'revoked', 'revoked'])
  })

  it('leaves its own children and nobody else to it', () => {
    const folding = family()
    folding.happens({ ...session('agent'), ...revocation, ...after(10) })
    expect(revoked(folding)).toEqual(['agent', 'agent-2'])
  })

  it('loses its step-up and its timer with it', () => {
    const folding = family()
    folding.happens({ ...agent, ...session('agent'), ...pay(2500), ...after(70) })
    expect(folding.profile('subject-1')?.timers).toMatchObject([{ session: 'agent' }])
    folding.happens({ ...session('sso'), ...revocation, ...after(71) })
    expect(folding.session('agent')?.stepUp).toBeNull()
    expect(folding.profile('subject-1')?.timers).toEqual([])
    expect(
      folding.decisions.filter((d) => d.resolution !== null).map((d) => d.resolution?.outcome),
    ).toEqual(['superseded'])
  })

  it('is revoked at its first event where it is met after the end', () => {
    const folding = family()
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    const { decisions } = folding.happens({ ...agent, ...session('late', 'sso'), ...after(11) })
    expect(decisions.at(-1)).toMatchObject({ type: 'session.revoked', sessionId: 'late' })
  })

  it('is held by no storm cap, however many there are', () => {
    const folding = family()
    const apps = Array.from({ length: 30 }, (_, n) => `app-${n}`)
    for (const name of apps)
      folding.happens({ ...home, ...session(name, 'sso'), ...login, ...after(4) })
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    for (const name of apps) folding.happens({ ...home, ...session(name), ...after(11) })
    expect(new Set(statuses(folding, ...apps))).toEqual(new Set(['revoked']))
  })

  it('ends once where each names another as its parent in a ring', () => {
    const folding = folder()
    folding.happens({ ...home, ...session('a', 'c'), ...login, ...after(0) })
    folding.happens({ ...session('c'), type: 'logout', action: null, ...after(0) })
    folding.happens({ ...home, ...session('b', 'a'), ...login, ...after(0) })
    folding.happens({ ...home, ...session('c', 'b'), ...after(1) })
    folding.happens({ ...home, ...session('c'), ...login, ...after(1) })
    expect(revoked(folding).toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('need not name it again', () => {
    const folding = family()
    for (const n of [4, 5]) folding.happens({ ...agent, ...session('agent'), ...after(n) })
    expect(folding.session('agent')?.parent).toBe('sso')
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    expect(revoked(folding)).toContain('agent')
  })

  it('is told once, and no more than an alert after', () => {
    const folding = family()
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    const told = folding.decisions.length
    folding.happens({ ...session('sso'), ...revocation, ...after(11) })
    const { signals } = folding.happens({ ...agent, ...session('agent', 'sso'), ...after(12) })
    expect(folding.decisions).toHaveLength(told)
    expect(signals).toMatchObject([{ reason: 'USED_AFTER_END', score: 0 }])
  })

  it('lives on where it merely logged out', () => {
    const folding = family()
    folding.happens({ ...session('sso'), type: 'logout', action: null, ...after(10) })
    folding.happens({ ...agent, ...session('agent', 'sso'), ...after(11) })
    expect(folding.decisions).toEqual([])
    expect(statuses(folding, 'app', 'agent', 'agent-2')).toEqual(['active', 'active', 'active'])
  })

  it('cannot leave it for another once it was revoked', () => {
    const folding = family()
    folding.happens({ ...home, ...session('sso-2'), ...login, ...after(5) })
    for (let n = 0; n < caps.sessionChildren; n += 1) {
      folding.happens({ ...agent, ...session(`more-${n}`, 'sso'), ...after(6) })
    }
    expect(folding.session('sso')?.children).not.toContain('agent')
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    folding.happens({ ...agent, ...session('agent', 'sso-2'), ...after(11) })
    expect(revoked(folding)).toContain('agent')
  })

  it('past the cap is revoked at its own next event, and what was begun from it with it', () => {
    const folding = family()
    for (let n = 0; n < caps.sessionChildren; n += 1) {
      folding.happens({ ...agent, ...session(`more-${n}`, 'sso'), ...after(6) })
    }
    folding.happens({ ...session('sso'), ...revocation, ...after(10) })
    expect(statuses(folding, 'more-0', 'agent', 'agent-2')).toEqual(['revoked', 'active', 'active'])
    folding.happens({ ...agent, ...session('agent-2'), ...after(11) })
    expect(revoked(folding).slice(-2)).toEqual(['agent', 'agent-2'])
  })

  it('gives its place to others once it has logged out', () => {
    const folding = family()
    folding.happens({ ...session('app'), type: 'logout', action: null, ...after(10) })
    expect(folding.session('sso')?.children).toEqual(['agent'])
  })
})

describe('a new session id of the parent', () => {
  const rotate = (folding: Folder, from = home, assurance: SessionEvent['assurance'] = passkey) =>
    folding.happens({
      ...from,
      ...session('sso-2', '', 'sso'),
      ...reauthentication,
      assurance,
      ...after(20),
    })

  it('goes on as the parent', () => {
    const folding = family()
    rotate(folding)
    expect(revoked(folding)).toEqual([])
    folding.happens({ ...agent, ...session('agent', 'sso'), ...after(21) })
    expect(folding.session('agent')?.parent).toBe('sso-2')
    folding.happens({ ...session('sso-2'), ...revocation, ...after(30) })
    expect(revoked(folding)).toEqual(['sso-2', 'app', 'agent', 'agent-2'])
  })

  it('carries its own authentication to what acts for it', () => {
    const folding = family()
    rotate(folding)
    folding.happens({ ...agent, ...session('agent'), ...pay(500), ...after(75) })
    expect(folding.session('agent')?.score).toBe(0)
    folding.happens({ ...agent, ...session('agent'), ...pay(500), ...after(81) })
    expect(folding.session('agent')?.score).toBe(450)
  })

  it('leaves to the thief what was begun since the theft, and takes along what was begun before', () => {
    const folding = family()
    folding.happens({ ...thief, ...session('sso'), ...after(15) })
    folding.happens({ ...agent, ...session('thiefs-agent', 'sso'), ...after(16) })
    rotate(folding)
    expect(revoked(folding)).toEqual(['sso', 'thiefs-agent'])
    folding.happens({ ...agent, ...session('agent', 'sso'), ...after(21) })
    expect(statuses(folding, 'app', 'agent', 'agent-2')).toEqual(['active', 'active', 'active'])
  })

  it('leaves it to the thief also where the evidence grew after that', () => {
    const [contribution] = stolen().session('sso')?.contributions ?? []
    if (contribution === undefined) throw new Error('nothing was found')
    const grown = { ...contribution, found: start, seen: start + minutes(5) }
    const parent = { ...emptySession, status: 'revoked' as const, contributions: [grown] }
    expect(keepsChild(parent, start + minutes(3))).toBe(true)
    expect(keepsChild(parent, start - 1)).toBe(false)
  })

  it('takes along everything where it was no thief', () => {
    const folding = family()
    folding.happens({ ...thief, ...session('sso'), ...after(15) })
    folding.happens({ ...agent, ...session('travellers-agent', 'sso'), ...after(16) })
    rotate(folding, thief)
    folding.happens({ ...agent, ...session('travellers-agent', 'sso'), ...after(21) })
    expect(revoked(folding)).toEqual(['sso'])
  })
})

describe('an approval', () => {
  /** The agent pays though the person authenticated more than an hour ago. */
  function asked(amount = 500): Folder {
    const folding = family()
    folding.happens({ ...agent, ...session('agent'), ...pay(amount), ...after(70) })
    return folding
  }
  const approve = (folding: Folder, over: Partial<SessionEvent> = {}) =>
    folding.happens({
      ...home,
      ...session('sso'),
      ...reauthentication,
      assurance: twoFactors,
      ...after(72),
      ...over,
    })
  const resolution = (folding: Folder) =>
    folding.decisions.findLast((d) => d.resolution)?.resolution

  it('is asked of the person and never of the agent', () => {
    expect(asked().decisions.at(-1)).toMatchObject({
      type: 'session.stepup.required',
      sessionId: 'agent',
      risk: { level: 'MEDIUM', score: 450 },
      stepUp: {
        obligation: 'approval',
        acrValues: [],
        prompt: false,
        rotate: false,
        maxAge: 300,
        approver: { sessionId: 'sso', acrValues: ['aal2'] },
      },
    })
    expect(asked(2500).decisions.at(-1)?.stepUp?.approver?.acrValues).toEqual(['phr'])
  })

  it("is given by the person's authentication in the parent session, in the same record", () => {
    const folding = asked()
    const { decisions } = approve(folding)
    expect(decisions.map((d) => [d.type, d.sessionId])).toEqual([
      ['session.stepup.resolved', 'agent'],
      ['session.risk.changed', 'agent'],
    ])
    expect(resolution(folding)).toMatchObject({
      outcome: 'satisfied',
      method: 'pwd,otp',
      place: 'London, GB',
      approval: {
        subjectId: 'alice',
        sessionId: 'sso',
        expiresAt: start + minutes(72) + hours(1),
      },
    })
    expect(folding.session('agent')).toMatchObject({ score: 225, level: 'LOW' })
  })

  it('counts for an hour, then another is asked for', () => {
    const folding = asked()
    approve(folding)
    const told = folding.decisions.length
    folding.happens({ ...agent, ...session('agent'), ...pay(500), ...after(131) })
    expect(folding.decisions).toHaveLength(told)
    folding.happens({ ...agent, ...session('agent'), ...pay(500), ...after(133) })
    expect(folding.decisions.at(-1)?.stepUp?.obligation).toBe('approval')
  })

  it.each([
    ['a weaker authentication', { assurance: password }],
    ['one from before it was asked for', { assurance: { ...twoFactors, authTime: start } }],
    ['one that failed', { outcome: 'failure' as const }],
    ['one in another session', session('app')],
    ['one from where nothing is proven', thief],
  ])('is not %s', (_name, over) => {
    const folding = asked()
    approve(folding, over)
    expect(folding.session('agent')?.stepUp).not.toBeNull()
  })

  it("is not the agent's own authentication, however strong", () => {
    const folding = asked()
    const own = { ...agent, ...session('agent'), ...reauthentication, assurance: passkey }
    folding.happens({ ...own, ...after(71) })
    expect(folding.session('agent')?.stepUp).not.toBeNull()
    expect(folding.session('agent')?.score).toBe(450)
  })

  it('is given where the agent names a new session of the person that approves', () => {
    const folding = asked()
    folding.happens({ ...home, ...session('phone'), ...login, ...after(71) })
    expect(folding.session('agent')?.stepUp).not.toBeNull()
    folding.happens({ ...agent, ...session('agent', 'phone'), ...reauthentication, ...after(72) })
    expect(resolution(folding)).toMatchObject({ approval: { sessionId: 'phone' } })
    expect(folding.session('agent')?.stepUp).toBeNull()
  })

  it('lets the agent go on from a network that it never proved', () => {
    const folding = family()
    const key = credential({ id: 7, kind: 'workload-identity' })
    const moved = { ...agent, network: network({ ...cloud.network, asn: 14618, address: 44 }) }
    folding.happens({ ...agent, ...session('agent'), credential: key, ...after(4) })
    const pays = (minute: number) =>
      folding.happens({
        ...moved,
        ...session('agent'),
        ...pay(500),
        ...after(minute),
        credential: key,
      }).decisions
    expect(pays(70).at(-1)?.stepUp?.obligation).toBe('approval')
    approve(folding, { assurance: passkey })
    expect(folding.session('agent')?.stepUp).toBeNull()
    expect(pays(73)).toEqual([])
  })

  it('reaches the agent that the agent sent', () => {
    const folding = asked()
    folding.happens({ ...agent, ...session('agent-2'), ...pay(500), ...after(71) })
    expect(folding.decisions.at(-1)?.stepUp?.approver?.sessionId).toBe('sso')
    approve(folding)
    expect(folding.session('agent-2')?.stepUp).toBeNull()
  })

  it('answers nothing that only a new session id answers', () => {
    const folding = family()
    folding.happens({ ...agent, ...session('agent'), ...login, assurance: null, ...after(4) })
    const elsewhere = { ...agent, network: network({ kind: 'hosting', asn: 24940, country: 'DE' }) }
    folding.happens({ ...elsewhere, ...session('agent'), ...pay(500), ...after(5) })
    expect(folding.session('agent')?.score).toBe(450)
    approve(folding, { assurance: passkey, ...after(6) })
    expect(folding.session('agent')).toMatchObject({ score: 450, stepUp: null })
  })

  it('is asked of nobody whose session has ended, and given in the next that the agent names', () => {
    const folding = family()
    folding.happens({ ...session('sso'), type: 'logout', action: null, ...after(5) })
    folding.happens({ ...agent, ...session('agent'), ...pay(500), ...after(10) })
    expect(folding.decisions.at(-1)).toMatchObject({
      risk: { score: 450 },
      stepUp: { obligation: 'approval', approver: null },
    })
    folding.happens({ ...home, ...session('sso-2'), ...login, ...after(11) })
    folding.happens({ ...agent, ...session('agent', 'sso-2'), ...after(12) })
    expect(resolution(folding)).toMatchObject({ approval: { sessionId: 'sso-2' } })
  })

  it.each([{ held: '1.7.1.0' }, { level: 'HIGH' as const }])(
    'is not given by a session that is in doubt itself (%o)',
    (doubt) => {
      const folding = asked()
      const sso = folding.session('sso')
      if (sso === null) throw new Error('the person has no session')
      const agents = folding.session('agent')
      expect(agents?.stepUp?.obligation).toBe('approval')
      const open = agents?.stepUp ?? null
      const approver = {
        ...sso,
        assurance: { ...sso.assurance, rank: 3, authTime: start + minutes(71) },
      }
      expect(
        open !== null && approves(approver, open, folding.profile('subject-1') ?? emptyProfile),
      ).toBe(true)
      expect(
        open !== null &&
          approves({ ...approver, ...doubt }, open, folding.profile('subject-1') ?? emptyProfile),
      ).toBe(false)
    },
  )

  it('stays asked for where nobody is known who could give it', () => {
    const folding = folder()
    const alone = { ...agent, ...session('agent'), subject: { id: 'a', kind: 'agent', iss: '' } }
    folding.happens({ ...alone, ...login, assurance: null, ...after(0) } as Partial<SessionEvent>)
    const elsewhere = { network: network({ kind: 'hosting', asn: 24940, country: 'DE' }) }
    const there = { ...alone, ...elsewhere, ...pay(500), ...after(5) } as Partial<SessionEvent>
    folding.happens(there)
    expect(folding.decisions.at(-1)?.stepUp).toMatchObject({
      obligation: 'approval',
      approver: null,
    })
  })
})

describe('a person and her agent', () => {
  it('have no habits in common: what the agent does is no first of hers, and no news of its own', () => {
    const folding = family()
    const key = { ...agent, credential: credential({ kind: 'workload-identity' }) }
    const exports = { name: 'customers.export', resource: '', access: 'read' as const }
    const action = { ...exports, amount: null, currency: '' }
    folding.happens({ ...key, ...session('task', 'sso'), ...after(4) })
    for (const n of [5, 6]) {
      const { signals } = folding.happens({ ...key, ...session('task'), action, ...after(n) })
      expect(signals.map(({ reason }) => reason)).not.toContain('PRIVILEGE_JUMP')
    }
    expect(folding.session('task')?.contexts[0]?.proven).toBe(true)
    expect(folding.profile('subject-1')?.memory['privilege-jump']).toBeUndefined()
  })

  it('are never taken for one traveller, and what the one uses is not news to the other', () => {
    const folding = family()
    const dublin = { ...london, latitude: 53.35, longitude: -6.26, city: 'Dublin', country: 'IE' }
    for (const n of [10, 11, 12]) {
      const far = { ...saoPaulo, city: 'Recife' }
      folding.happens({ ...agent, place: dublin, ...session('agent'), ...after(n) })
      folding.happens({ ...agent, place: far, ...session(`task-${n}`, 'sso'), ...after(n) })
      folding.happens({ ...home, ...session('sso'), ...after(n) })
    }
    expect(folding.decisions).toEqual([])
    expect(folding.profile('subject-1')?.contexts).toHaveLength(1)
  })
})

describe('what a fold asks to be loaded', () => {
  it('is all that it reads, once it has been asked again', () => {
    const folding = family()
    const happening = event({ ...session('sso'), ...revocation, ...after(10) })
    const record = { kind: 'event', event: happening, origin: null } as const
    const loaded = new Set(keysOf(record).sessions)
    const read = (key: string) => (loaded.has(key) ? folding.session(key) : null)
    for (let pass = 0; pass < 3; pass += 1) {
      for (const key of followUps(record, { ...folding, session: read })) loaded.add(key)
    }
    expect([...loaded].sort()).toEqual(['agent', 'agent-2', 'app', 'sso'])
  })
})
