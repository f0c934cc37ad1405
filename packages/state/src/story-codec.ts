/** A signal of a session's story as it stands in the store: JSON, since few are written and people read them. */
import type { StoryEntry } from '@holdpoint/risk'
import { StateError } from './ports.ts'

/** Past it an entry goes without its evidence: one finding must not crowd out a session's state. */
const entryBytesMax = 2_048

export function encodeStoryEntry(entry: StoryEntry): Buffer {
  const whole = Buffer.from(JSON.stringify(entry))
  if (whole.length <= entryBytesMax) return whole
  return Buffer.from(JSON.stringify({ ...entry, signal: { ...entry.signal, evidence: {} } }))
}

/** @throws StateError `state_corrupt` for what is no entry */
export function decodeStoryEntry(bytes: Buffer): StoryEntry {
  try {
    return JSON.parse(bytes.toString()) as StoryEntry
  } catch (cause) {
    const message = "a signal of a session's story cannot be read: it was not written by Holdpoint"
    throw new StateError('state_corrupt', message, {}, cause)
  }
}
