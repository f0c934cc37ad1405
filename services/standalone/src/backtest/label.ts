/**
 * What a recorded event is known to be, as its field `label` says: beside the event's own fields, which
 * ingest passes over. So a labelled file is replayed like any other.
 */
import { z } from 'zod'

const word = z.string().min(1).max(64)

const labelSchema = z.strictObject({
  /** What makes honest life hard to judge, as `vpn` or `new-phone`. */
  traits: z.array(word).max(32).default([]),
  /** The kind of attack that the event is part of, as `stolen-cookie`. */
  attack: word.optional(),
  /** Joins the sessions and events of one attack; without it each attacked session is one. */
  case: z.string().min(1).max(256).optional(),
  /** True on the event that does what the attack is after. With `outcome: attempted` the app has only asked for it. */
  harm: z.boolean().default(false),
})

export type Label = z.output<typeof labelSchema>

export type ReadLabel =
  | { readonly ok: true; readonly label: Label | null }
  | { readonly ok: false; readonly path: string; readonly message: string }

/** The label of an event in the JSON form; null where it has none. */
export function labelOf(event: { readonly label?: unknown }): ReadLabel {
  if (event.label === undefined || event.label === null) {
    return { ok: true, label: null }
  }
  const parsed = labelSchema.safeParse(event.label)
  if (parsed.success) return { ok: true, label: parsed.data }
  const [issue] = parsed.error.issues
  return {
    ok: false,
    path: ['label', ...(issue?.path ?? [])].join('.'),
    message: `${issue?.message ?? 'not a label'}: expected traits, attack, case and harm as the how-to names them`,
  }
}
