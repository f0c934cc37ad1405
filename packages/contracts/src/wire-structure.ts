/** What is refused before any field is looked at: the shape that an attacker chooses. */
import type { FieldError } from './errors.ts'
import { eventDepthMax } from './wire-limits.ts'

const forbiddenKeys = new Set(['__proto__', 'constructor'])

/** Faults of depth and of forbidden keys, anywhere in the value. */
export function structureFaults(value: unknown): readonly FieldError[] {
  const faults: FieldError[] = []
  walk(value, '', 1, faults)
  return faults
}

function walk(value: unknown, path: string, depth: number, faults: FieldError[]): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > eventDepthMax) {
    if (!faults.some((fault) => fault.code === 'too_deep')) {
      faults.push({
        path,
        code: 'too_deep',
        message: `expected at most ${eventDepthMax} levels of objects and lists: flatten it`,
      })
    }
    return
  }
  for (const key of Object.keys(value)) {
    const at = path === '' ? key : `${path}.${key}`
    if (forbiddenKeys.has(key)) {
      faults.push({
        path: at,
        code: 'forbidden_key',
        message: `no key may be named ${key}: rename it`,
      })
    } else {
      walk((value as Record<string, unknown>)[key], at, depth + 1, faults)
    }
  }
}
