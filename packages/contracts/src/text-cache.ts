/**
 * Texts that were read before, found by their bytes. Making a string out of bytes is the dearest step of
 * reading a record, and most records say the same few words (countries, browsers, action names) about
 * the same subjects. One slot for each hash: bounded, and a collision only costs the cache.
 */
/** Node's own slices to text, which `toString` calls after it has looked at its arguments. */
export interface TextSlices {
  utf8Slice(start: number, end: number): string
  base64urlSlice(start: number, end: number): string
}

const wordSlots = 4096
const keySlots = 8192
const keyLength = 16

const words: string[] = new Array(wordSlots).fill('')
const keyBytes = new Uint8Array(keySlots * keyLength)
const keys: string[] = new Array(keySlots).fill('')

/** The text of `buffer[start, end)`, read from the cache where its bytes are ASCII and known. */
export function cachedWord(buffer: Buffer & TextSlices, start: number, end: number): string {
  let hash = end - start
  for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + buffer[i]!) | 0
  const slot = (hash ^ (hash >>> 15)) & (wordSlots - 1)
  const word = words[slot]!
  if (word.length === end - start) {
    let i = 0
    while (i < word.length && word.charCodeAt(i) === buffer[start + i]) i += 1
    // Beyond ASCII a byte and a UTF-16 unit may be equal and mean different letters.
    if (i === word.length) return word
  }
  const fresh = buffer.utf8Slice(start, end)
  if (isAscii(fresh)) words[slot] = fresh
  return fresh
}

/** The base64url of the 16 bytes from `start`. */
export function cachedKey(buffer: Buffer & TextSlices, start: number): string {
  const slot = (buffer[start]! | (buffer[start + 1]! << 8)) & (keySlots - 1)
  const at = slot * keyLength
  let i = 0
  while (i < keyLength && keyBytes[at + i] === buffer[start + i]) i += 1
  const known = keys[slot]!
  if (i === keyLength && known !== '') return known
  const fresh = buffer.base64urlSlice(start, start + keyLength)
  for (i = 0; i < keyLength; i += 1) keyBytes[at + i] = buffer[start + i]!
  keys[slot] = fresh
  return fresh
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false
  return true
}
