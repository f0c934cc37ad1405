import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { LogWriteError, type OnLog } from './ports.ts'

/*
 * The file is a row of frames: length of the body (uint32 LE), its CRC-32 (uint32 LE), the body (one value
 * in V8's structured-clone format). A frame is one append as a whole, so a crash loses or keeps all of it.
 */
const headBytes = 8
const frameBytesMax = 256 * 1024 * 1024

export interface JournalOptions {
  readonly file: string
  /** Ask the disk, not only the operating system, before an append counts. */
  readonly fsync: boolean
  readonly onLog: OnLog
}

export interface Journal {
  /** Resolves when the entry is in the file. Entries that wait share one write. */
  append(entry: unknown): Promise<void>
  close(): Promise<void>
}

/**
 * Opens or makes the file, gives each whole entry to `replay` in order, and cuts what a crash left torn
 * at the end. One process at a time may have it open.
 */
export async function openJournal(
  options: JournalOptions,
  replay: (entry: unknown) => void,
): Promise<Journal> {
  await mkdir(dirname(options.file), { recursive: true })
  const handle = await open(options.file, 'a+')
  try {
    const goodBytes = await replayFrames(handle, replay)
    const { size } = await handle.stat()
    if (size > goodBytes) {
      await handle.truncate(goodBytes)
      const { file, onLog } = options
      onLog('warn', 'cut a torn entry from the end of the log file', {
        file,
        bytes: size - goodBytes,
      })
    }
    return createJournal(handle, goodBytes, options.fsync)
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Answers with the length of the file up to the first frame that is not whole. */
async function replayFrames(handle: FileHandle, replay: (entry: unknown) => void): Promise<number> {
  const head = Buffer.alloc(headBytes)
  let at = 0
  for (;;) {
    if (!(await readWhole(handle, head, at))) return at
    const length = head.readUInt32LE(0)
    if (length > frameBytesMax) return at
    const body = Buffer.alloc(length)
    if (!(await readWhole(handle, body, at + headBytes))) return at
    if (crc32(body) !== head.readUInt32LE(4)) return at
    replay(deserialize(body))
    at += headBytes + length
  }
}

async function readWhole(handle: FileHandle, into: Buffer, position: number): Promise<boolean> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}

function frame(entry: unknown): Buffer {
  const body = serialize(entry)
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(body.length, 0)
  head.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([head, body])
}

function createJournal(handle: FileHandle, startBytes: number, fsync: boolean): Journal {
  let goodBytes = startBytes
  let broken: unknown
  let waiting: Buffer[] = []
  let flushing: Promise<void> | null = null
  let last = Promise.resolve()

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(waiting)
    waiting = []
    flushing = null
    if (broken !== undefined) throw refused(broken)
    try {
      await handle.appendFile(bytes)
      if (fsync) await handle.datasync()
      goodBytes += bytes.length
    } catch (error) {
      // Half a frame would hide all later ones from the next start: cut it, or write nothing any more.
      await handle.truncate(goodBytes).catch((fault: unknown) => {
        broken = fault
      })
      throw refused(error)
    }
  }

  return {
    append(entry) {
      waiting.push(frame(entry))
      flushing ??= last.then(flush, flush)
      last = flushing
      return flushing
    },
    async close() {
      await last.catch(() => undefined)
      await handle.close()
    },
  }
}

const refused = (cause: unknown): LogWriteError =>
  new LogWriteError('log_unavailable', 'the log file could not be written', true, cause)
