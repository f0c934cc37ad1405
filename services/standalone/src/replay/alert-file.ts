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

/**
 * Makes it, for its owner alone: alerts hold raw addresses.
 * @throws CommandError where it is there already or cannot be written
 */
export async function openAlertFile(file: string): Promise<AlertFile> {
  const failed = (error: NodeJS.ErrnoException): never => {
    const why = error.code === 'EEXIST' ? 'it is there already' : (error.code ?? error.message)
    throw new CommandError(
      `cannot write ${file} (${why}): name a new file in a folder that you may write`,
    )
  }
  const handle = await open(file, 'wx', 0o600).catch(failed)
  const stream = handle.createWriteStream()
  const done = finished(stream)
  // Whoever writes next, or closes, is told.
  done.catch(() => undefined)
  return {
    async write(json) {
      if (stream.errored !== null) failed(stream.errored)
      if (!stream.write(`${json}\n`)) await once(stream, 'drain').catch(failed)
    },
    async close() {
      stream.end()
      await done.catch(failed)
    },
  }
}
