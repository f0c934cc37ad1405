import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, parseAddress } from './address.ts'
import { loadAsnTable } from './asn-table.ts'
import { flatten, intervalAt } from './intervals.ts'
import { createNetworks, readNetworkLists } from './networks.ts'

const at = (text: string): Address => {
  const address = parseAddress(text)
  if (address === null) throw new Error(`${text} is no address`)
  return address
}

describe('addresses', () => {
  it('are parsed strictly, and IPv4 mapped into IPv6 is IPv4', () => {
    for (const text of ['127.1', '999.1.1.1', '0x7f.1', '1.2.3', 'localhost', '']) {
      expect(parseAddress(text)).toBeNull()
    }
    expect(parseAddress('::ffff:81.2.69.142')).toMatchObject({ text: '81.2.69.142', family: 4 })
  })

  it('of private, shared and loopback ranges have no place in the world', () => {
    for (const text of [
      '10.1.2.3',
      '192.168.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '::1',
      'fe80::1',
      'fd00::1',
    ]) {
      expect(at(text).global).toBe(false)
    }
    expect(at('8.8.8.8').global && at('2606:4700::1').global).toBe(true)
  })
})

describe('network kinds', () => {
  const asns = loadAsnTable()

  it('know the shipped systems by address, in both families', () => {
    expect(asns.lookup(at('8.8.8.8'))).toBe(15169)
    expect(asns.lookup(at('2606:4700:4700::1111'))).toBe(13335)
    expect(asns.lookup(at('2001:db8::1'))).toBe(0)
    expect(asns.size).toBeGreaterThan(500_000)
  })

  it('come from the operator first, then from the shipped lists, else they are unknown', () => {
    const networks = createNetworks(asns, {
      cidrs: { vpn: ['3.0.0.0/8'], corporate: ['3.5.140.7/32', '2001:db8::/32'] },
      asns: { mobile: [15169] },
    })
    expect(networks(at('3.5.140.8')).kind).toBe('vpn')
    expect(networks(at('3.5.140.7')).kind).toBe('corporate')
    expect(networks(at('2001:db8::9')).kind).toBe('corporate')
    expect(networks(at('52.95.110.1'))).toEqual({ kind: 'hosting', asn: 16509 })
    expect(networks(at('8.8.8.8'))).toEqual({ kind: 'mobile', asn: 15169 })
    expect(networks(at('1.1.1.1')).kind).toBe('unknown')
  })

  it('ship by systems that the table has addresses of', () => {
    const require = createRequire(import.meta.url)
    const rows = (name: string) => readFileSync(require.resolve(name), 'latin1')
    const table =
      rows('@ip-location-db/asn/asn-ipv4-num.csv') + rows('@ip-location-db/asn/asn-ipv6-num.csv')
    const file = new URL('../data/network-asns.json', import.meta.url)
    const { about: _, ...lists } = JSON.parse(readFileSync(file, 'utf8'))
    const listed = Object.values(lists as Record<string, object>).flatMap(Object.keys)
    expect(listed.length).toBeGreaterThan(50)
    expect(listed.filter((asn) => !table.includes(`,${asn},`))).toEqual([])
    expect(new Set(listed).size).toBe(listed.length)
  })

  it('follow the system that an event states, with an address that no table knows or without any', () => {
    const networks = createNetworks(asns, {
      cidrs: { corporate: ['10.9.0.0/16'] },
      asns: { vpn: [64500] },
    })
    expect(networks(at('10.1.2.3'), 14593)).toEqual({ kind: 'satellite', asn: 14593 })
    expect(networks(at('52.95.110.1'), 21928)).toEqual({ kind: 'mobile', asn: 21928 })
    expect(networks(null, 64500)).toEqual({ kind: 'vpn', asn: 64500 })
    expect(networks(at('10.9.1.1'), 14593).kind).toBe('corporate')
    expect(networks(null, 3320).kind).toBe('unknown')
  })

  it('refuse a list with a fault by file, place and mend', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdpoint-')), 'networks.json')
    writeFileSync(file, '{"cidrs": {"vpn": ["10.0.0.0/8", "10.0.0.0/33"]}}')
    expect(() => readNetworkLists(file)).toThrow(
      /networks\.json: cidrs\.vpn\[1\] is "10\.0\.0\.0\/33", expected a block/,
    )
    writeFileSync(file, '{"cidr": {}}')
    expect(() => readNetworkLists(file)).toThrow(/cidr/)
  })
})

describe('intervals', () => {
  it('find for every value the narrowest block that holds it', () => {
    // Blocks of a 6-bit address space, as CIDR makes them: of 2^n addresses, on a multiple of 2^n.
    const block = fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 63 }))
      .map(([bits, any]) => {
        const first = (BigInt(any) >> BigInt(bits)) << BigInt(bits)
        return { first, last: first + (1n << BigInt(bits)) - 1n, value: `${first}/${bits}` }
      })
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
        const flat = flatten(blocks)
        const starts = flat.map(({ first }) => first)
        const ends = flat.map(({ last }) => last)
        for (let value = 0n; value < 64n; value++) {
          const narrowest = blocks
            .filter(({ first, last }) => first <= value && value <= last)
            .toSorted((a, b) => Number(a.last - a.first - (b.last - b.first)))[0]
          expect(flat[intervalAt(starts, ends, value)]?.value).toBe(narrowest?.value)
        }
      }),
    )
  })
})
