/** One look at one thing, and how a person reads it. */

export type Status = 'ok' | 'warn' | 'fail'

export interface Finding {
  readonly name: string
  readonly status: Status
  /** What was found. */
  readonly detail: string
  /** What to do about it; '' where nothing is to be done. */
  readonly mend: string
}

export const ok = (name: string, detail: string): Finding => ({
  name,
  status: 'ok',
  detail,
  mend: '',
})

export const warn = (name: string, detail: string, mend: string): Finding => ({
  name,
  status: 'warn',
  detail,
  mend,
})

export const fail = (name: string, detail: string, mend: string): Finding => ({
  name,
  status: 'fail',
  detail,
  mend,
})

/** Rejects where `work` takes longer; what comes of it later is dropped. */
export async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    )
  })
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

const width = 9

/** `fail  redis      ...` */
export const findingLine = ({ name, status, detail, mend }: Finding): string =>
  `${status.padEnd(4)}  ${name.padEnd(width)}  ${detail}${mend === '' ? '' : `. ${mend}`}`
