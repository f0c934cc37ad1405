import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Decompress } from 'fzstd'
import kafkajs from 'kafkajs'
import lz4 from 'lz4js'
import snappy from 'snappyjs'
import { offsetsBefore, UnreadableBatchError } from './unreadable-batch.ts'

// A CommonJS module: Node finds only some of its names.
const { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError } = kafkajs

/** What one compressed record batch may unpack to. A broker takes 1 MiB packed by default. */
export const unpackedBytesMax = 8 * 1024 * 1024

type Unpack = (packed: Buffer) => Promise<Buffer> | Buffer

const tooLarge = (): Error => new Error(`unpacks to more than ${unpackedBytesMax} bytes`)

const gunzipAsync = promisify(gunzip)
const gzip: Unpack = (packed) => gunzipAsync(packed, { maxOutputLength: unpackedBytesMax })

/** Raw, or in the stream format of xerial's snappy-java that Java clients write: magic, versions, sized chunks. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const xerialHeadBytes = 16
const unpackSnappy: Unpack = (packed) => {
  if (!packed.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    return snappy.uncompress(packed, unpackedBytesMax)
  }
  const chunks: Buffer[] = []
  let left = unpackedBytesMax
  for (let at = xerialHeadBytes; at < packed.length; ) {
    const length = packed.readUInt32BE(at)
    const chunk = snappy.uncompress(packed.subarray(at + 4, at + 4 + length), left)
    left -= chunk.length
    chunks.push(chunk)
    at += 4 + length
  }
  return Buffer.concat(chunks)
}

/**
 * LZ4 frame format 1.6.2. lz4js has the block decoder; its frame reader is not used, since it looks for
 * block checksums on the wrong side of the block and trusts the declared content size.
 */
const lz4Magic = 0x184d2204
const lz4BlockBytes = [0, 0, 0, 0, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024]
const unpackLz4: Unpack = (packed) => {
  if (packed.readUInt32LE(0) !== lz4Magic) throw new Error('not an LZ4 frame')
  const flags = packed.readUInt8(4)
  const blockBytesMax = lz4BlockBytes[(packed.readUInt8(5) >> 4) & 7] ?? 0
  const checksumBytes = (flags & 0x10) !== 0 ? 4 : 0
  let at = 4 + 2 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1
  let plain: Buffer = Buffer.alloc(0)
  let done = 0
  for (;;) {
    const head = packed.readUInt32LE(at)
    if (head === 0) return plain.subarray(0, done)
    at += 4
    const length = head & 0x7fffffff
    if (at + length > packed.length) throw new Error('the LZ4 frame ends within a block')
    plain = withRoom(plain, done, Math.min(done + blockBytesMax, unpackedBytesMax))
    if (head >>> 31 === 1) {
      if (done + length > plain.length) throw tooLarge()
      done += packed.copy(plain, done, at, at + length)
    } else {
      done = lz4.decompressBlock(packed, plain, at, length, done)
      if (done > plain.length) throw tooLarge()
    }
    at += length + checksumBytes
  }
}

function withRoom(plain: Buffer, used: number, bytes: number): Buffer {
  if (plain.length >= bytes) return plain
  const larger = Buffer.alloc(Math.min(Math.max(bytes, plain.length * 2), unpackedBytesMax))
  plain.copy(larger, 0, 0, used)
  return larger
}

/** RFC 8878, section 3.1.1.1: the window size is the decoder's to bound, before it allocates one. */
const unpackZstd: Unpack = (packed) => {
  const descriptor = packed.readUInt8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  if (!singleSegment) {
    const window = packed.readUInt8(5)
    const base = 2 ** (10 + (window >> 3))
    if (base + (base / 8) * (window & 7) > unpackedBytesMax) throw tooLarge()
  } else if (zstdContentBytes(packed, descriptor) > unpackedBytesMax) {
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  const stream = new Decompress((chunk) => {
    bytes += chunk.length
    if (bytes > unpackedBytesMax) throw tooLarge()
    chunks.push(chunk.slice())
  })
  stream.push(packed, true)
  return Buffer.concat(chunks)
}

/** The declared size of a single-segment frame, where it is the window's size too. */
function zstdContentBytes(packed: Buffer, descriptor: number): number {
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0)
  switch (descriptor >> 6) {
    case 0:
      return packed.readUInt8(at)
    case 1:
      return packed.readUInt16LE(at) + 256
    case 2:
      return packed.readUInt32LE(at)
    default:
      return Number(packed.readBigUInt64LE(at))
  }
}

/** Unpacks one batch's records, or rejects with `UnreadableBatchError`, which stops the consumer. */
export async function unpack(codec: keyof typeof codecs, packed: Buffer): Promise<Buffer> {
  try {
    return await codecs[codec](packed)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `a record batch in ${codec} cannot be read: ${reason}`
    throw new UnreadableBatchError(message, offsetsBefore(packed))
  }
}

const codecs = { gzip, snappy: unpackSnappy, lz4: unpackLz4, zstd: unpackZstd } as const

const types: Readonly<Record<keyof typeof codecs, number>> = {
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

/**
 * Makes every codec of Kafka readable, within a bound: kafkajs brings gzip alone, without one, and stops a
 * consumer for good at a batch in any other. Nothing is written compressed.
 */
export function registerCodecs(): void {
  const registry: Record<number, () => unknown> = CompressionCodecs
  for (const codec of Object.keys(codecs) as (keyof typeof codecs)[]) {
    registry[types[codec]] = () => ({
      compress: () => Promise.reject(new KafkaJSNonRetriableError(`${codec} is only read`)),
      decompress: (packed: Buffer) => unpack(codec, packed),
    })
  }
}
