/**
 * The field types in which state is declared. A detector declares its memory with them, the core its
 * own state, and `@holdpoint/state` derives the binary codec from the declaration: nothing else needs
 * to know the shape.
 */

export type Field =
  | { readonly kind: 'uint' }
  | { readonly kind: 'time' }
  | { readonly kind: 'hash' }
  | { readonly kind: 'degrees' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly max: number }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'list'; readonly max: number; readonly of: Field }
  | { readonly kind: 'optional'; readonly of: Field }
  | { readonly kind: 'record'; readonly fields: Readonly<Record<string, Field>> }

/** The value that a field holds; unknown where which field it is is unknown. */
export type ValueOf<F extends Field> = Field extends F
  ? unknown
  : F extends { kind: 'flag' }
    ? boolean
    : F extends { kind: 'text' }
      ? string
      : F extends { kind: 'choice'; of: infer O extends readonly string[] }
        ? O[number]
        : F extends { kind: 'list'; of: infer O extends Field }
          ? readonly ValueOf<O>[]
          : F extends { kind: 'optional'; of: infer O extends Field }
            ? ValueOf<O> | null
            : F extends { kind: 'record'; fields: infer R extends Record<string, Field> }
              ? { readonly [K in keyof R]: ValueOf<R[K]> }
              : number

/** A whole number from 0 to 2^53 - 1; small ones take one byte. */
export const uint = { kind: 'uint' } as const
/** Milliseconds since the epoch, 0 for never; six bytes. */
export const time = { kind: 'time' } as const
/** A keyed hash below 2^53, 0 for none; seven bytes, one where it is 0. */
export const hash = { kind: 'hash' } as const
/** Degrees, kept to a hundredth (about 1 km), so that state holds coarse places only. */
export const degrees = { kind: 'degrees' } as const
export const flag = { kind: 'flag' } as const
/** UTF-8, cut at `max` characters. */
export const text = <const N extends number>(max: N) => ({ kind: 'text', max }) as const
/** One of a list of words, one byte; words may be added at the end. An unknown one reads as the first. */
export const choice = <const O extends readonly string[]>(of: O) =>
  ({ kind: 'choice', of }) as const
/** At most `max` items: a longer list is refused by the codec, so its owner must bound it. */
export const list = <const N extends number, const F extends Field>(max: N, of: F) =>
  ({ kind: 'list', max, of }) as const
/** null where it is absent. */
export const optional = <const F extends Field>(of: F) => ({ kind: 'optional', of }) as const
export const record = <const R extends Record<string, Field>>(fields: R) =>
  ({ kind: 'record', fields }) as const

/** Cuts at `max` UTF-16 units, never within a character: as the codec would. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? max - 1 : max)
}

/** The value that a field has before anything was remembered. */
export function emptyOf<F extends Field>(field: F): ValueOf<F> {
  return emptyValue(field) as ValueOf<F>
}

function emptyValue(field: Field): unknown {
  switch (field.kind) {
    case 'flag':
      return false
    case 'text':
      return ''
    case 'choice':
      return field.of[0]
    case 'list':
      return []
    case 'optional':
      return null
    case 'record':
      return Object.fromEntries(Object.entries(field.fields).map(([k, f]) => [k, emptyValue(f)]))
    default:
      return 0
  }
}
