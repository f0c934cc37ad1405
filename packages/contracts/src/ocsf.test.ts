/** Every alert is a Detection Finding as OCSF wants it: nothing required missing, no value that it does not know, no attribute of our own. */
import { meanings } from '@holdpoint/risk'
import { describe, expect, it } from 'vitest'
import { sampleAlert, sampleAlerts } from '../fixtures/alerts.ts'
import { detectionFinding as classOf, ocsfObjects } from '../fixtures/ocsf-detection-finding.ts'
import { alertHeaders, alertKey, encodeAlert } from './alert-codec.ts'

const address = '81.2.69.142'
const told = (alert = sampleAlert(), from = address) =>
  JSON.parse(encodeAlert(alert, from).toString())

/** What is wrong with a value that should be an OCSF object, with the path to it. */
function faults(name: string, value: Record<string, unknown>, path = name): readonly string[] {
  const object = ocsfObjects[name]
  if (object === undefined) throw new Error(`no facts about the OCSF object ${name}`)
  const { required, recommended, optional, atLeastOne = [], enums = {}, objects = {} } = object
  const known = new Set([...required, ...recommended, ...optional])
  const has = (attribute: string) => Object.hasOwn(value, attribute)
  const found = [
    ...required.filter((a) => !has(a)).map((a) => `${path}.${a} is missing`),
    ...Object.keys(value).flatMap((a) => (known.has(a) ? [] : [`${path}.${a} is not of ${name}`])),
    ...Object.entries(enums).flatMap(([a, ids]) =>
      !has(a) || ids.includes(value[a] as number) ? [] : [`${path}.${a} may not be ${value[a]}`],
    ),
  ]
  if (atLeastOne.length > 0 && !atLeastOne.some(has)) {
    found.push(`${path} has none of ${atLeastOne.join(', ')}`)
  }
  for (const [attribute, of] of Object.entries(objects)) {
    if (!has(attribute)) continue
    for (const one of [value[attribute]].flat()) {
      found.push(...faults(of, one as Record<string, unknown>, `${path}.${attribute}`))
    }
  }
  return found
}

describe('an alert on the wire', () => {
  it.each(Object.entries(sampleAlerts))('%s is a Detection Finding', (_, alert) => {
    for (const from of [address, '2001:db8::1', '']) {
      expect(faults(classOf, told(alert, from))).toEqual([])
    }
  })

  it.each(Object.keys(meanings))('%s is one too, whatever it means', (name) => {
    const { reason } = sampleAlert()
    expect(faults(classOf, told(sampleAlert({ reason: { ...reason, reason: name } })))).toEqual([])
  })

  it('is held to it: what is missing, unknown or of our own is found', () => {
    const { time: _, ...rest } = told()
    expect(faults(classOf, { ...rest, severity_id: 7, trust: 1, evidences: [{}] })).toEqual([
      'detection_finding.time is missing',
      'detection_finding.trust is not of detection_finding',
      'detection_finding.severity_id may not be 7',
      'detection_finding.evidences has none of actor, data, src_endpoint',
    ])
  })

  it('says in type_uid what it says in class and activity', () => {
    const types = (['create', 'update', 'close'] as const).map((activity) => {
      const { type_uid, class_uid, activity_id, is_alert, status } = told(sampleAlert({ activity }))
      expect(type_uid).toBe(class_uid * 100 + activity_id)
      return [type_uid, status, is_alert]
    })
    expect(types).toEqual([
      [200401, 'New', true],
      [200402, 'In Progress', true],
      [200403, 'Resolved', false],
    ])
  })

  it('tells who, from where, what was before and what is now, and what was decided', () => {
    const alert = told()
    expect(alert.actor.user).toMatchObject({ uid: 'alice', type_id: 1 })
    expect(alert.actor.session).toEqual({ uid: 's-1', issuer: 'https://idp.example' })
    expect(alert.evidences[0]).toMatchObject({
      src_endpoint: {
        ip: address,
        autonomous_system: { number: 4_200_000_001 },
        location: { city: 'São Paulo', country: 'BR', lat: -23.55, long: -46.63 },
        os: { name: 'Linux', type_id: 200 },
      },
      data: { message: 'London to São Paulo in 30 min', previousPlace: 'London, GB' },
    })
    expect(alert.enrichments[0]).toMatchObject({
      type: 'session.stepup.required',
      data: { decision_id: '1.7.4711.0', acr_values: ['phr'] },
    })
    expect(alert.unmapped).toMatchObject({
      controls: ['PR.AA-03', 'DE.CM-03', 'SP800-207.T6'],
      control_aliases: ['PR.AC-7', 'DE.CM-3'],
    })
    expect(alert.unmapped.actors).toEqual([{ id: 'agent-7', kind: 'agent' }])
  })

  it('names the technique and its tactic, a sub-technique with the technique that it belongs to', () => {
    const { attacks } = told().finding_info
    expect(attacks.map((a: { technique: { uid: string } }) => a.technique.uid)).toEqual([
      'T1539',
      'T1550',
    ])
    expect(attacks[1]).toEqual({
      version: '17',
      tactic: { uid: 'TA0008', name: 'Lateral Movement' },
      technique: { uid: 'T1550', name: 'Use Alternate Authentication Material' },
      sub_technique: { uid: 'T1550.004', name: 'Web Session Cookie' },
    })
  })

  it('weighs the finding by itself: a small one beside a great one stays small', () => {
    const severities = Object.entries(sampleAlerts).map(([name, alert]) => [
      name,
      told(alert).severity,
    ])
    expect(Object.fromEntries(severities)).toEqual({
      'a theft': 'High',
      'a missed deadline': 'High',
      'a proof': 'High',
      'a conclusive finding': 'Critical',
      'a workload at 900': 'Critical',
      'a revoked session that still acts': 'High',
      'a habit': 'Low',
      'a house rule': 'Low',
      'a storm': 'High',
    })
  })

  it('has an address only where its own event came from one', () => {
    const without = [told(sampleAlert(), ''), told(sampleAlert({ event: null }))]
    for (const alert of without) expect(JSON.stringify(alert)).not.toContain('src_endpoint')
    expect(JSON.stringify(told(sampleAlert({ event: null })))).not.toContain(address)
  })

  it('has the key of its subject, and headers that name alert and finding', () => {
    expect(alertKey(sampleAlert())).toBe('acme|alice')
    expect(alertKey(sampleAlert({ subject: null }))).toBe('acme|')
    expect(alertHeaders(sampleAlert())).toMatchObject({
      ce_id: '1.7.4711.2',
      ce_type: 'io.holdpoint.soc.alert.create.v1',
      ce_subject: sampleAlert().uid,
      ce_partitionkey: 'acme|alice',
      'content-type': 'application/json',
    })
  })
})
