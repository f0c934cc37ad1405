import { expect, it } from 'vitest'
import type { Notice } from './notice.ts'
import { noticeAlerts } from './notice-alerts.ts'
import { emptySession } from './state.ts'

const position = { generation: 2, partition: 7, offset: 40 }
const notice = (over: Partial<Notice> = {}): Notice => ({
  code: 'storm_cap_revocations',
  tenant: 'acme',
  sessionKey: '',
  activity: 'create',
  closedBy: null,
  since: 1_795_341_600_000,
  at: 1_795_341_600_000,
  message: 'Five revocations in 5 min: further ones are held',
  evidence: { revocations: 5 },
  ...over,
})

it('a notice of a tenant names no session, and its uid the partition whose cap it was', () => {
  const [alert] = noticeAlerts([notice()], position, 3, () => null)
  expect(alert).toMatchObject({
    alertId: '2.7.40.3',
    uid: 'acme.7.caps.storm_cap_revocations.1795341600000',
    activity: 'create',
    subject: null,
    sessionId: '',
    reason: { reason: 'STORM_CAP_REVOCATIONS', score: 0, evidence: { revocations: 5 } },
  })
})

it('what is over is closed under the uid that it began with', () => {
  const later = { activity: 'close', closedBy: 'calm', at: 1_795_341_999_000 } as const
  const [first, second] = noticeAlerts([notice(), notice(later)], position, 0, () => null)
  expect(second).toMatchObject({
    uid: first?.uid,
    activity: 'close',
    closedBy: 'calm',
    at: 1_795_341_999_000,
    firstSeen: 1_795_341_600_000,
    lastSeen: 1_795_341_999_000,
  })
})

it('a held revocation names its session and whose it is', () => {
  const session = { ...emptySession, sessionId: 's-1', level: 'HIGH', score: 905 } as const
  const subject = { id: 'alice', kind: 'human', iss: '' } as const
  const held = notice({ code: 'revocation_held', sessionKey: 'k-1' })
  const [first, second] = noticeAlerts([notice(), held], position, 0, (key) =>
    key === 'k-1' ? { subject, session } : null,
  )
  expect(first?.subject).toBeNull()
  expect(second).toMatchObject({
    alertId: '2.7.40.1',
    subject: { id: 'alice' },
    sessionId: 's-1',
    risk: { level: 'HIGH', score: 905 },
  })
  expect(second?.uid).toMatch(/^k-1\./)
})
