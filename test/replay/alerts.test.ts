/** What the SOC is told of each recorded story: findings, not events. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRawJson } from '@holdpoint/contracts'
import { createEnrichment, noNetworkLists } from '@holdpoint/ingest'
import { Replay } from '@holdpoint/standalone'
import { describe, expect, it } from 'vitest'

const folder = import.meta.dirname
const enrichment = createEnrichment({ geoDataDir: undefined, lists: noNetworkLists })
const stories = readdirSync(folder)
  .filter((name) => /^\d.*\.ndjson$/.test(name) && !name.includes('.expected.'))
  .map((name) => name.replace('.ndjson', ''))

interface Told {
  readonly activity_name: string
  readonly severity: string
  readonly finding_info: { readonly uid: string; readonly types: readonly string[] }
  readonly actor: { readonly session?: { readonly uid: string } }
  readonly evidences: readonly { readonly src_endpoint?: { readonly ip: string } }[]
  readonly unmapped: { readonly closed_by?: string }
}

async function alertsOf(story: string): Promise<readonly string[]> {
  const replay = new Replay({ enrichment })
  const alerts: string[] = []
  for (const line of readFileSync(join(folder, `${story}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n')) {
    const parsed = parseRawJson(Buffer.from(line))
    if (!parsed.ok) throw new Error(`${story}: ${JSON.stringify(parsed.errors)}`)
    const taken = await replay.take(parsed.event)
    if (!taken.ok) throw new Error(`${story}: ${taken.fault.message}`)
    alerts.push(...taken.alerts)
  }
  return alerts
}

const read = (alerts: readonly string[]): readonly Told[] => alerts.map((json) => JSON.parse(json))

/** `Create REASON s-1`, and why it was closed. */
const lines = (alerts: readonly Told[]) =>
  alerts.map(({ activity_name, finding_info, actor, unmapped }) =>
    [activity_name, finding_info.types[0], actor.session?.uid, unmapped.closed_by]
      .filter((word) => word !== undefined)
      .join(' '),
  )

describe('what the SOC is told', () => {
  it.each(stories)(
    'of %s: each finding once, in order, with the same bytes each time',
    async (s) => {
      const alerts = await alertsOf(s)
      expect(await alertsOf(s)).toEqual(alerts)
      const state = new Map<string, string>()
      const causes = new Set<string>()
      for (const alert of read(alerts)) {
        const { uid } = alert.finding_info
        const before = state.get(uid)
        if (alert.activity_name === 'Create') {
          expect(before, uid).toBeUndefined()
          // Of the same session, detector and reason, found at another time.
          const cause = uid.slice(0, uid.lastIndexOf('.'))
          expect(causes, 'one finding a session and cause').not.toContain(cause)
          causes.add(cause)
        } else expect(['Create', 'Update'], uid).toContain(before)
        state.set(uid, alert.activity_name)
      }
    },
  )

  it.each(['01-usual-day', '02-payment-after-login', '11b-daily-admin'])(
    'of %s, which is honest, is nothing',
    async (story) => {
      expect(await alertsOf(story)).toEqual([])
    },
  )

  it('of the victim who answers: closed with the thief’s session, whose next act is told', async () => {
    const alerts = read(await alertsOf('07-victim-answers'))
    expect(lines(alerts)).toEqual([
      'Create IMPOSSIBLE_TRAVEL s-1',
      'Create NEW_COUNTRY s-1',
      'Create NEW_NETWORK s-1',
      'Close IMPOSSIBLE_TRAVEL s-1 revoked',
      'Close NEW_COUNTRY s-1 revoked',
      'Close NEW_NETWORK s-1 revoked',
      'Create USED_AFTER_END s-1',
    ])
    const ips = alerts.map(({ evidences }) => evidences[0]?.src_endpoint?.ip)
    expect(ips[0]).toBe('203.0.113.77')
    expect(ips[3]).toBe('192.0.2.10')
    expect(ips[6]).toBe('203.0.113.77')
  })

  it('of a job whose key is used in two places is critical, since nothing revokes it', async () => {
    const alerts = read(await alertsOf('12b-old-key-in-two-places'))
    expect(alerts.at(-1)?.severity).toBe('Critical')
    expect(lines(alerts).at(-1)).toBe('Create TOKEN_REPLAYED s-1')
  })
})
