/** Alerts as they are published: OCSF as JSON, which every SIEM takes without a schema registry. */
import type { Alert } from '@holdpoint/risk'
import { detectionFinding } from './ocsf.ts'
import { recordKey } from './partition.ts'

/** An alert as UTF-8 JSON. The same alert and address give the same bytes. */
export const encodeAlert = (alert: Alert, address: string): Buffer =>
  Buffer.from(JSON.stringify(detectionFinding(alert, address)))

/** The key of an alert's record: alerts about a subject, or about a tenant as a whole, keep their order. */
export const alertKey = ({ tenant, subject }: Alert): string => recordKey(tenant, subject?.id ?? '')

/** The headers of an alert's record (CloudEvents 1.0 Kafka protocol binding, binary mode, section 3.2). */
export const alertHeaders = (alert: Alert): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: alert.alertId,
  ce_source: `/holdpoint/${alert.tenant}`,
  ce_type: `io.holdpoint.soc.alert.${alert.activity}.v1`,
  ce_time: new Date(alert.at).toISOString(),
  ce_subject: alert.uid,
  ce_partitionkey: alertKey(alert),
  'content-type': 'application/json',
})
