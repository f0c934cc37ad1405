/**
 * An alert as an OCSF 1.4 Detection Finding (class 2004, category Findings). The words of OCSF stand here and
 * nowhere else; what it has no word for is under `unmapped`.
 */
import {
  type Alert,
  type AlertActivity,
  attackEdition,
  type ClosedBy,
  controls,
  type Decision,
  type Meaning,
  meaningOf,
  type OsFamily,
  parentTechniques,
  type RiskLevel,
  rulesVersion,
  type SessionEvent,
  tactics,
  techniques,
} from '@holdpoint/risk'

/** The version of the OCSF schema that alerts keep to. */
export const ocsfVersion = '1.4.0'

const classUid = 2004

const activities: Readonly<Record<AlertActivity, Named>> = {
  create: [1, 'Create'],
  update: [2, 'Update'],
  close: [3, 'Close'],
}
const statuses: Readonly<Record<AlertActivity, Named>> = {
  create: [1, 'New'],
  update: [2, 'In Progress'],
  close: [4, 'Resolved'],
}
const riskLevels: Readonly<Record<RiskLevel, Named>> = {
  LOW: [1, 'Low'],
  MEDIUM: [2, 'Medium'],
  HIGH: [3, 'High'],
}

/** How a finding ended, in a sentence. */
export const closings: Readonly<Record<ClosedBy, string>> = {
  proven: 'The subject authenticated from where the finding was made.',
  faded: 'It faded with time.',
  displaced: 'Heavier findings of the session took its place.',
  quiet: 'It was not seen for a day.',
  ended: 'The session ended.',
  revoked: 'The session was revoked.',
  expired: 'The session was not seen for two days.',
  answered: 'An operator put an end to it.',
  calm: 'The cap kept nothing back for five minutes.',
  refused: 'The order was not carried out.',
}

/** A number of OCSF and what it is called. */
type Named = readonly [id: number, name: string]

/** A Detection Finding; `address` is where its event came from, '' where it is not known. */
export function detectionFinding(alert: Alert, address: string): Record<string, unknown> {
  const { reason, risk } = alert
  const meaning = meaningOf(reason.reason)
  const title = meaning.title === '' ? reason.reason : meaning.title
  const [activityId, activity] = activities[alert.activity]
  const [statusId, status] = statuses[alert.activity]
  const [severityId, severity] = severityOf(alert, meaning)
  const [confidenceId, confidence] = confidenceOf(alert, meaning)
  const [riskLevelId, riskLevel] = riskLevels[risk.level]
  return {
    activity_id: activityId,
    activity_name: activity,
    category_uid: 2,
    category_name: 'Findings',
    class_uid: classUid,
    class_name: 'Detection Finding',
    type_uid: classUid * 100 + activityId,
    type_name: `Detection Finding: ${activity}`,
    time: alert.at,
    start_time: alert.firstSeen,
    end_time: alert.lastSeen,
    count: alert.count,
    message: reason.message === '' ? title : reason.message,
    is_alert: alert.activity !== 'close',
    severity_id: severityId,
    severity,
    status_id: statusId,
    status,
    status_detail: alert.closedBy === null ? undefined : closings[alert.closedBy],
    confidence_id: confidenceId,
    confidence,
    risk_level_id: riskLevelId,
    risk_level: riskLevel,
    risk_score: risk.score,
    finding_info: findingInfo(alert, title, meaning),
    metadata: metadataOf(alert),
    actor: actorOf(alert),
    evidences: [evidenceOf(alert, address)],
    observables: observablesOf(alert, address),
    enrichments: alert.decisions.length === 0 ? undefined : alert.decisions.map(enrichmentOf),
    unmapped: unmappedOf(alert, meaning),
  }
}

const severities = {
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
} as const satisfies Readonly<Record<string, Named>>

/**
 * By the weight of the finding itself: a new country stays a small thing beside a stolen token. Critical
 * is what is conclusive, and what has a part in a score that would revoke a person's session.
 */
function severityOf({ reason, risk }: Alert, { urgency }: Meaning): Named {
  if (reason.score === 0) return severities[urgency ?? 'low']
  if (reason.score >= 1000 || (reason.score >= 400 && risk.score >= 900)) return severities.critical
  if (reason.score >= 700) return severities.high
  return reason.score >= 400 ? severities.medium : severities.low
}

function confidenceOf({ reason }: Alert, { urgency }: Meaning): Named {
  const sure = reason.score >= 700 || (reason.score === 0 && urgency === 'high')
  if (sure) return [3, 'High']
  const fair = reason.score >= 300 || (reason.score === 0 && urgency === 'medium')
  return fair ? [2, 'Medium'] : [1, 'Low']
}

function findingInfo(alert: Alert, title: string, meaning: Meaning): Record<string, unknown> {
  const { uid, reason } = alert
  const behavioural = reason.family === 'behaviour'
  return {
    uid,
    title,
    desc: [
      reason.message === '' ? title : reason.message,
      ...(alert.closedBy === null ? [] : [closings[alert.closedBy]]),
    ].join('. '),
    types: [reason.reason],
    created_time: alert.firstSeen,
    modified_time: alert.at,
    first_seen_time: alert.firstSeen,
    last_seen_time: alert.lastSeen,
    analytic: {
      type_id: behavioural ? 2 : 1,
      type: behavioural ? 'Behavioral' : 'Rule',
      uid: reason.detector,
      name: reason.detector,
      category: reason.family,
    },
    attacks: meaning.attack.length === 0 ? undefined : meaning.attack.map(attackOf),
  }
}

function attackOf(id: Meaning['attack'][number]): Record<string, unknown> {
  const { name, tactic } = techniques[id]
  const [parent = id] = id.split('.')
  const isSub = parent !== id
  const parentName = isSub ? nameOf(parent) : name
  return {
    version: attackEdition,
    tactic: { uid: tactic, name: tactics[tactic] },
    technique: { uid: parent, name: parentName },
    sub_technique: isSub ? { uid: id, name } : undefined,
  }
}

function nameOf(id: string): string {
  const known: Readonly<Record<string, { readonly name: string }>> = techniques
  return known[id]?.name ?? parentTechniques[id] ?? id
}

const metadataOf = ({ alertId, key, tenant, reason }: Alert): Record<string, unknown> => ({
  version: ocsfVersion,
  profiles: ['host'],
  product: { name: 'Holdpoint', vendor_name: 'Holdpoint' },
  uid: alertId,
  correlation_uid: key,
  event_code: reason.reason,
  log_name: 'soc.alerts',
  tenant_uid: tenant,
})

function actorOf({ subject, sessionId }: Alert): Record<string, unknown> | undefined {
  if (subject === null) return undefined
  const human = subject.kind === 'human'
  return {
    user: {
      uid: subject.id,
      name: subject.id,
      type_id: human ? 1 : 99,
      type: human ? 'User' : subject.kind,
    },
    session: sessionId === '' ? undefined : { uid: sessionId, issuer: subject.iss || undefined },
  }
}

/** Previous and present as the detector found them, and where the present event came from. */
function evidenceOf(alert: Alert, address: string): Record<string, unknown> {
  const { reason, event } = alert
  return {
    name: reason.reason,
    actor: actorOf(alert),
    src_endpoint: event === null || address === '' ? undefined : endpointOf(event, address),
    data: { message: reason.message, ...reason.evidence },
  }
}

const systems: Readonly<Record<OsFamily, Named>> = {
  unknown: [0, 'Unknown'],
  windows: [100, 'Windows'],
  macos: [300, 'macOS'],
  linux: [200, 'Linux'],
  android: [201, 'Android'],
  ios: [301, 'iOS'],
  chromeos: [99, 'ChromeOS'],
  other: [99, 'Other'],
}

function endpointOf({ network, place, client }: SessionEvent, ip: string): Record<string, unknown> {
  const asn = network?.asn ?? 0
  const [osId, os] = systems[client?.os ?? 'unknown']
  return {
    ip,
    autonomous_system: asn === 0 ? undefined : { number: asn },
    location:
      place === null || (place.city === '' && place.country === '')
        ? undefined
        : {
            city: place.city || undefined,
            country: place.country || undefined,
            lat: place.latitude,
            long: place.longitude,
          },
    os: osId === 0 ? undefined : { type_id: osId, type: os, name: os },
  }
}

function observablesOf({ subject, event }: Alert, address: string): readonly object[] | undefined {
  const list: object[] = []
  if (event !== null && address !== '') {
    const name = 'evidences[0].src_endpoint.ip'
    list.push({ name, type_id: 2, type: 'IP Address', value: address })
  }
  if (subject !== null) {
    list.push({ name: 'actor.user.name', type_id: 4, type: 'User Name', value: subject.id })
  }
  return list.length === 0 ? undefined : list
}

/** What was decided about the session when the finding was told. */
const enrichmentOf = (decision: Decision): Record<string, unknown> => ({
  name: 'actor.session.uid',
  value: decision.sessionId ?? decision.subject.id,
  type: decision.type,
  provider: 'Holdpoint',
  data: {
    decision_id: decision.decisionId,
    rule: decision.policy.rule,
    status: decision.session.status,
    obligation: decision.stepUp?.obligation,
    acr_values: decision.stepUp?.acrValues,
    prompt: decision.stepUp?.prompt,
    rotate: decision.stepUp?.rotate,
    outcome: decision.resolution?.outcome,
  },
})

function unmappedOf(alert: Alert, meaning: Meaning): Record<string, unknown> {
  const { reason, event, cause } = alert
  return {
    session_status: alert.sessionId === '' ? undefined : alert.status,
    closed_by: alert.closedBy ?? undefined,
    family: reason.family,
    score: reason.score,
    actors: event === null || event.actor.length === 0 ? undefined : event.actor,
    network_kind: event?.network?.kind,
    address_trusted: event?.network?.trusted,
    controls: meaning.controls,
    control_aliases: meaning.controls.flatMap((id) => [...controls[id].aliases]),
    cause: { event_id: cause.eventId, partition: cause.partition, offset: cause.offset },
    rules_version: rulesVersion,
  }
}
