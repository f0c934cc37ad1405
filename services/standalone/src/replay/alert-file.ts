/** The file that `holdpoint replay --alerts` writes: what stands on `soc.alerts`, one JSON object a line. */
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { CommandError } from '../errors.ts'

export interface AlertFile {
  /** Resolves when there is room for more. */
  write(json: string): Promise<void>
  /** Resolves when everything is written. */
  close(): Promise<void>
}

/** Opens it empty. @throws CommandError where it cannot be written */
export async function openAlertFile(file: string): Promise<AlertFile> {
  const handle = await open(file, 'w').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(
      `cannot write ${file} (${error.code ?? error.message}): name a file in a folder that you may write`,
    )
  })
  const stream = handle.createWriteStream()
  const done = finished(stream)
  return {
    async write(json) {
      if (!stream.write(`${json}\n`)) await Promise.race([once(stream, 'drain'), done])
    },
    async close() {
      stream.end()
      await done
    },
  }
}
