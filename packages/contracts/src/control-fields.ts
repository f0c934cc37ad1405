/** An operator's order within a record of the internal log, in the order of `schemas/holdpoint-events.avsc`. */
import { type Control, controlKinds } from '@holdpoint/risk'
import type { AvroReader } from './avro-reader.ts'
import type { AvroWriter } from './avro-writer.ts'
import { readKey, readWord } from './session-event-reader.ts'
import { opens, writeKey, writeWord } from './session-event-writer.ts'

export function writeControl(w: AvroWriter, control: Control | null): void {
  if (!opens(w, control)) return
  writeWord(w, controlKinds, control.kind)
  w.text(control.id)
  w.long(control.t)
  w.text(control.tenant)
  w.flag(control.on)
  w.text(control.decisionId)
  writeKey(w, control.keys.subject)
  writeKey(w, control.keys.session)
  w.text(control.operator)
  w.text(control.reason)
}

/** A kind of a newer release is read as `unknown`. */
export const readControl = (r: AvroReader): Control => ({
  kind: readWord(r, controlKinds),
  id: r.text(),
  t: r.long(),
  tenant: r.word(),
  on: r.flag(),
  decisionId: r.text(),
  keys: { subject: readKey(r), session: readKey(r) },
  operator: r.text(),
  reason: r.text(),
})
