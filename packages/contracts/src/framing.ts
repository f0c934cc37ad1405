/** The Confluent wire format: a zero byte, the schema's id as four bytes (big endian), then Avro. */
import type { Type } from 'avsc'
import { CodecError } from './errors.ts'

export const frameLength = 5

/** The schema id of framed bytes. Throws `no_magic_byte` where they are not framed. */
export function schemaIdOf(bytes: Uint8Array): number {
  if (bytes.length < frameLength || bytes[0] !== 0) {
    throw new CodecError(
      'no_magic_byte',
      'expected Avro in the Confluent wire format (a zero byte, then the schema id): write it with a registry serializer',
    )
  }
  return ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0
}

export function writeFrame(target: Uint8Array, schemaId: number): void {
  target[0] = 0
  target[1] = schemaId >>> 24
  target[2] = schemaId >>> 16
  target[3] = schemaId >>> 8
  target[4] = schemaId
}

/**
 * A value as framed Avro. Throws `not_encodable` where it does not fit, with the paths of the fields
 * but not their values: `what` is all that a log may say of it.
 */
export function encodeFramed(type: Type, schemaId: number, value: unknown, what: string): Buffer {
  let avro: Buffer
  try {
    avro = type.toBuffer(value)
  } catch (cause) {
    const paths: string[] = []
    type.isValid(value, { errorHook: (path) => paths.push(path.join('.')) })
    throw new CodecError(
      'not_encodable',
      `${what} does not fit its schema at ${paths.join(', ')}`,
      null,
      cause,
    )
  }
  const bytes = Buffer.allocUnsafe(frameLength + avro.length)
  writeFrame(bytes, schemaId)
  avro.copy(bytes, frameLength)
  return bytes
}
