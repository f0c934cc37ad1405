import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An IP address, parsed. IPv4 mapped into IPv6 (`::ffff:a.b.c.d`) is taken as the IPv4 address. */
export interface Address {
  /** Canonical text. */
  readonly text: string
  readonly family: 4 | 6
  /** All 32 or 128 bits. */
  readonly bits: bigint
  /** The /24 (IPv4) or /48 (IPv6): what a household or a site keeps while the address itself changes. */
  readonly prefix: string
  /** False for private, loopback, carrier-grade NAT and other addresses that have no place in the world. */
  readonly global: boolean
}

/** null where the text is no address. `net.isIP` goes first: the parser alone takes `127.1`. */
export function parseAddress(text: string): Address | null {
  if (isIP(text) === 0) return null
  const parsed = ipaddr.process(text)
  const bytes = parsed.toByteArray()
  const family = bytes.length === 4 ? 4 : 6
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  const prefixBytes = bytes.slice(0, family === 4 ? 3 : 6)
  return {
    text: ipaddr.fromByteArray(bytes).toString(),
    family,
    bits,
    prefix: Buffer.from(prefixBytes).toString('hex'),
    global: parsed.range() === 'unicast',
  }
}

/** The first and last address of a CIDR block; null where the text is none. */
export function parseBlock(
  text: string,
): { readonly family: 4 | 6; readonly first: bigint; readonly last: bigint } | null {
  const slash = text.lastIndexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === null) return null
  const width = address.family === 4 ? 32 : 128
  const length = slash < 0 ? width : Number(text.slice(slash + 1))
  if (!/^\d{1,3}$/.test(slash < 0 ? '0' : text.slice(slash + 1)) || length > width) return null
  const free = BigInt(width - length)
  const first = (address.bits >> free) << free
  return { family: address.family, first, last: first + (1n << free) - 1n }
}
