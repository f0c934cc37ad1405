/** The codes of dead letters. */
import { errorCodes } from '@holdpoint/contracts'
import { engineErrorCodes } from '@holdpoint/engine'
import { ingestErrorCodes } from '@holdpoint/ingest'
import { escaped } from './text.ts'

/** Every code that this release gives a dead letter, with its sentence. */
export const letterCodes: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...errorCodes, ...ingestErrorCodes, ...engineErrorCodes }),
)

/** A letter of another release may have any code, so a strange one is searched for, and said to be strange. */
export const foreignCodeLines = (code: string | undefined): readonly string[] =>
  code === undefined || letterCodes.has(code)
    ? []
    : [
        `this release gives no code '${escaped(code)}': docs/reference/error-codes.md lists those that it gives`,
      ]
