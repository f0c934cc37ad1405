import { gzipSync } from 'node:zlib'
import { CompressionCodecs, type CompressionTypes } from 'kafkajs'
import lz4 from 'lz4js'
import snappy from 'snappyjs'
import { describe, expect, it } from 'vitest'
import { registerCodecs, unpack, unpackedBytesMax } from './codecs.ts'
import type { UnreadableBatchError } from './unreadable-batch.ts'

/** The records of a batch of 20 lines, as packed by Kafka's Java client 4.1 and by librdkafka. */
const golden = {
  gzip: {
    java: 'H4sIAAAAAAAA/43NQQpAQBhA4Z8kSZIkSZqkWeMIDuAU1KjJWLh/9sbibV+vvk1EgtUc1jplnN1vd16PmtWnyCZj6H/Lz6cj/5v+vpi5OoFuCt0Mujl0C+iW0K2gW0O3gW4L3Q66PXQVdAfojtDVxH0B3glgtyADAAA=',
    librdkafka:
      'H4sIAAAAAAAAA43NQQpAQBhA4Z8kSZIkSZokaxzBAeYU1KjJWLh/9sbibV+vPi0iwWYOa50yzu63O69HLepTRIuE/rf+fZH/zX9fDN0Euil0M+jm0C2gW0K3gm4N3Qa6LXQ76PbQVdAdoDtCdyLuC3E6K9IgAwAA',
  },
  snappy: {
    java: 'glNOQVBQWQAAAAABAAAAAQAAAMmzBlxOAAAAAUJoZWxsbyBob2xkcG9pbnQgMSA6EgAUAFAApgECRikAADJKKQAIqAEERikAADBSKQAABkYpAE57AAioAQhGKQBWewAACkYpAFZ7AAAMRikAVnsAAA5GKQBWewAAEEYpAFZ7AAASRikAVnsAABRGKQBWewAAFkYpAFZ7AAAYRikAVnsAABpGKQBOewAIqgEcRikATnsACKoBHkYpAE57AAiqASBGKQBWewAAIkYpAFZ7AAAkRikAVnsAACZGKQBGewA=',
    librdkafka:
      'oAZcTgAAAAFCaGVsbG8gaG9sZHBvaW50IDEgOhIAEABOAAACRigAADJOKAAABEYoAAAwTigAAAZGKABSeAAACEYoAFJ4AAAKRigAUngAAAxGKABSeAAADkYoAFJ4AAAQRigAUngAABJGKABSeAAAFEYoAFJ4AAAWRigAUngAABhGKABSeAAAGkYoAFJ4AAAcRigAUngAAB5GKABSeAAAIEYoAFJ4AAAiRigAUngAACRGKABSeAAAJkYoAEZ4AA==',
  },
  lz4: {
    java: 'BCJNGGBAgswAAAD7CU4AAAABQmhlbGxvIGhvbGRwb2ludCAxIBIAbgBQAK4CAikAHzIpAAIeBCkAHzApAAIeBikAD3sAAT6wAggpAA97AAE+sAIKKQAPewABPrICDCkAD3sAAT6yAg4pAA97AAE+sgIQKQAPewADHhIpAA97AAMeFCkAD3sAAx4WKQAPewADHhgpAA97AAMeGikAD3sAAx4cKQAPewADHh4pAA97AAMeICkAD3sAAx4iKQAPewADHiQpAA97AAE+tAImKQAJewBQb2ludAAAAAAA',
    librdkafka:
      'BCJNGGBAgr8AAAD7CU4AAAABQmhlbGxvIGhvbGRwb2ludCAxIBIAXgBOAAACKAAfMigAAR4EKAAfMCgAAR4GKAAPeAACHggoAA94AAIeCigAD3gAAh4MKAAPeAACHg4oAA94AAIeECgAD3gAAh4SKAAPeAACHhQoAA94AAIeFigAD3gAAh4YKAAPeAACHhooAA94AAIeHCgAD3gAAh4eKAAPeAACHiAoAA94AAIeIigAD3gAAh4kKAAPeAACHiYoAAl4AFBvaW50AAAAAAA=',
  },
  zstd: {
    java: 'KLUv/QBYLAQAdAROAAAAAUJoZWxsbyBob2xkcG9pbnQgMSAAUACGAQIyBDAGMQgyiAEKMAwxDjIQMBIxFDIWMBgxGjIcMB4xIDKKASIwJDEmMicg8KUDs3j3MU++601yHvvEux/z5DuPfeLdxzz5zmOf9O5jnnznsU+8+5jnEvHuxzz5zmPmEyx5herkGAEAAA==',
    librdkafka:
      'KLUv/QBYBQQAJAROAAAAAUJoZWxsbyBob2xkcG9pbnQgMSAATgAAAjIEMAYxCDIKMAwxDjIQMBIxFDIWMBgxGjIcMB4xIDIiMCQxJjInIPClA7N4RzNP6PMYLd7RzJP0eYwW72jmCX0eo8U7mvWEPo/R4h3NPKHPY7R4l2ae0OcxQ4uVPE11cgw=',
  },
} as const
const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const

/** 32 MiB of zeros packed by zstd, without a declared content size. */
const zstdBomb = Buffer.concat([
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
  // Each block is a run of 128 KiB (RFC 8878, section 3.1.1.2: type 1, size << 3); the last has bit 0 set.
  ...Array.from({ length: 256 }, (_, i) => {
    const head = (131_072 << 3) | (1 << 1) | (i === 255 ? 1 : 0)
    return Buffer.from([head & 0xff, (head >> 8) & 0xff, (head >> 16) & 0xff, 0])
  }),
])

describe('codecs', () => {
  for (const codec of codecs) {
    it(`reads ${codec} as Java and librdkafka write it`, async () => {
      for (const packed of Object.values(golden[codec])) {
        const plain = String(await unpack(codec, Buffer.from(packed, 'base64')))
        expect(plain.match(/hello holdpoint [012] hello holdpoint/g)).toHaveLength(20)
      }
    })

    it(`names ${codec} where the bytes are none`, async () => {
      const noise = Buffer.from('certainly not compressed data, whatever you try')
      await expect(unpack(codec, noise)).rejects.toThrow(
        `a record batch in ${codec} cannot be read`,
      )
      await expect(unpack(codec, Buffer.alloc(0))).rejects.toThrow(codec)
    })

    it(`says which offsets a batch in ${codec} has that cannot be read`, async () => {
      const noise = Buffer.from('certainly not compressed data, whatever you try')
      const head = Buffer.alloc(61)
      head.writeBigInt64BE(41n, 0)
      head.writeInt32BE(49 + noise.length, 8)
      head.writeInt8(2, 16)
      head.writeInt32BE(3, 23)
      const batch = Buffer.concat([Buffer.alloc(7), head, noise])
      const offsetsOf = (from: Buffer) =>
        unpack(codec, from.subarray(-noise.length)).then(
          () => expect.fail('was read'),
          (error: UnreadableBatchError) => error.offsets,
        )
      expect(await offsetsOf(batch)).toEqual({ first: 41, next: 45 })
      batch.writeInt32BE(12, 7 + 8)
      expect(await offsetsOf(batch)).toBeNull()
      expect(await offsetsOf(Buffer.from(noise))).toBeNull()
    })

    it(`is registered for ${codec}, to read only`, async () => {
      registerCodecs()
      const types = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } satisfies Record<
        string,
        CompressionTypes
      >
      const registry = CompressionCodecs as unknown as Record<
        number,
        () => { decompress(b: Buffer): Promise<Buffer>; compress(): Promise<never> }
      >
      const made = registry[types[codec]]?.()
      expect(String(await made?.decompress(Buffer.from(golden[codec].java, 'base64')))).toContain(
        'holdpoint',
      )
      await expect(made?.compress()).rejects.toThrow('only read')
    })
  }

  const large = Buffer.alloc(unpackedBytesMax + 1)
  const xerialHead = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')
  const chunk = snappy.compress(Buffer.alloc(unpackedBytesMax / 2))
  const chunkLength = Buffer.alloc(4)
  chunkLength.writeUInt32BE(chunk.length)
  const bombs: readonly (readonly [(typeof codecs)[number], string, Buffer])[] = [
    ['gzip', 'one stream', gzipSync(large)],
    ['snappy', 'one block', snappy.compress(large)],
    [
      'snappy',
      'many chunks',
      Buffer.concat([xerialHead, ...Array(3).fill([chunkLength, chunk]).flat()]),
    ],
    ['lz4', 'a last block as it is', Buffer.from(lz4.compress(large))],
    ['lz4', 'a last block packed', Buffer.from(lz4.compress(Buffer.alloc(unpackedBytesMax * 1.5)))],
    ['zstd', 'no declared size', zstdBomb],
    ['zstd', 'a declared size', Buffer.from('28b52ffda00000000800', 'hex')],
    ['zstd', 'a window of 2 GiB', Buffer.from('28b52ffd00a801000000', 'hex')],
  ]
  describe('hazard: a packed batch takes all memory', () => {
    it.each(bombs)('unpacks %s no further than 8 MiB: %s', async (codec, _, packed) => {
      expect(packed.length).toBeLessThan(1024 * 1024)
      const before = process.memoryUsage().arrayBuffers
      const outcome = unpack(codec, packed).then(
        (plain) => `${plain.length} bytes`,
        (error: Error) => error.message,
      )
      expect(await outcome).toMatch(/more than|too big|larger than/)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
    })
  })

  it('unpacks exactly 8 MiB', async () => {
    const most = Buffer.alloc(unpackedBytesMax, 7)
    expect((await unpack('gzip', gzipSync(most))).equals(most)).toBe(true)
    expect((await unpack('lz4', Buffer.from(lz4.compress(most)))).equals(most)).toBe(true)
    expect((await unpack('snappy', snappy.compress(most))).equals(most)).toBe(true)
  })
})
