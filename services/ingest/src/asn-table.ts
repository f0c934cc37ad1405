/**
 * Autonomous systems by address, from the package `@ip-location-db/asn` (RouteViews and DB-IP,
 * CC BY 4.0: "IP Geolocation by DB-IP", https://db-ip.com, is to be shown to users).
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Address } from './address.ts'
import { intervalAt } from './intervals.ts'

export interface AsnTable {
  /** 0 where no system announces the address. */
  lookup(address: Address): number
  /** Intervals held, for the log. */
  readonly size: number
}

const comma = 44
const newline = 10
const zero = 48

/** Reads the package's tables: 515,000 intervals, 7 MiB, about 0.2 s. */
export function loadAsnTable(): AsnTable {
  const require = createRequire(import.meta.url)
  const v4 = readV4(readFileSync(require.resolve('@ip-location-db/asn/asn-ipv4-num.csv')))
  const v6 = readV6(readFileSync(require.resolve('@ip-location-db/asn/asn-ipv6-num.csv'), 'latin1'))
  return {
    size: v4.asns.length + v6.asns.length,
    lookup({ family, bits }) {
      const at =
        family === 4
          ? intervalAt(v4.starts, v4.ends, Number(bits))
          : intervalAt(v6.starts, v6.ends, bits >> 64n)
      return (family === 4 ? v4 : v6).asns[at] ?? 0
    },
  }
}

/** Lines are `first,last,asn,name` with decimal addresses: scanned as bytes, because 412,000 splits cost a second. */
function readV4(bytes: Buffer) {
  const capacity = countLines(bytes)
  const starts = new Uint32Array(capacity)
  const ends = new Uint32Array(capacity)
  const asns = new Uint32Array(capacity)
  let at = 0
  const number = (): number => {
    let value = 0
    for (let byte = bytes[at++]; byte !== comma && byte !== undefined; byte = bytes[at++]) {
      value = value * 10 + byte - zero
    }
    return value
  }
  for (let line = 0; line < capacity; line++) {
    starts[line] = number()
    ends[line] = number()
    asns[line] = number()
    const end = bytes.indexOf(newline, at)
    at = end < 0 ? bytes.length : end + 1
  }
  return { starts, ends, asns }
}

/** Of IPv6 the upper 64 bits are kept: what is announced is a /64 or wider, but for some dozens of 103,000. */
function readV6(text: string) {
  const lines = text.split('\n').filter((line) => line !== '')
  const starts = new BigUint64Array(lines.length)
  const ends = new BigUint64Array(lines.length)
  const asns = new Uint32Array(lines.length)
  for (const [at, line] of lines.entries()) {
    const [first = '0', last = '0', asn = '0'] = line.split(',', 3)
    starts[at] = BigInt(first) >> 64n
    ends[at] = BigInt(last) >> 64n
    asns[at] = Number(asn)
  }
  return { starts, ends, asns }
}

function countLines(bytes: Buffer): number {
  let lines = bytes.length > 0 && bytes.at(-1) !== newline ? 1 : 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++
  return lines
}
