import { describe, expect, it } from 'vitest'
import { sameCountryOtherFamily, sameNetwork } from './network.ts'
import { network } from './testing/scene.ts'

const nameless = { asn: 0, country: '', prefix: 0, address: 0, family: 0 } as const

describe('a network is its ASN within one country, else its country, else its prefix', () => {
  it.each([
    ['same ASN, other address', network(), network({ address: 9, prefix: 9 }), true],
    ['same ASN, other country', network(), network({ country: 'FR' }), false],
    [
      'same ASN, other country, egress of an organisation',
      network({ kind: 'corporate' }),
      network({ country: 'FR', kind: 'corporate' }),
      true,
    ],
    ['other ASN, same country and prefix', network(), network({ asn: 1 }), false],
    ['one ASN unknown, same country', network(), network({ asn: 0 }), true],
    [
      'one ASN unknown, other country, same prefix',
      network(),
      network({ asn: 0, country: 'FR' }),
      false,
    ],
    ['no country either, same prefix', network(), network({ asn: 0, country: '' }), true],
    [
      'no country either, other prefix',
      network(),
      network({ asn: 0, country: '', prefix: 9 }),
      false,
    ],
    ['nothing to compare', network(), network(nameless), true],
    [
      'a vpn exit in the same country, ASN unknown',
      network({ asn: 0 }),
      network({ kind: 'vpn', prefix: 9 }),
      false,
    ],
    ['a tor exit that nothing names', network(), network({ ...nameless, kind: 'tor' }), false],
    [
      'two vpn exits in one country, ASN unknown',
      network({ kind: 'vpn', asn: 0 }),
      network({ kind: 'vpn', prefix: 9 }),
      true,
    ],
    [
      'a prefix that a list learnt to be hosting',
      network({ asn: 0 }),
      network({ asn: 0, kind: 'hosting' }),
      true,
    ],
    [
      'mobile and home in one country, ASN unknown',
      network({ asn: 0 }),
      network({ kind: 'mobile' }),
      true,
    ],
  ])('%s', (_name, a, b, same) => {
    expect(sameNetwork(a, b)).toBe(same)
    expect(sameNetwork(b, a)).toBe(same)
  })
})

describe('IPv4 against IPv6', () => {
  it.each([
    ['in one country', network({ family: 6, asn: 1 }), true],
    ['in two countries', network({ family: 6, country: 'FR' }), false],
    ['the same family', network({ asn: 1 }), false],
    ['family unknown', network({ family: 0 }), false],
    ['behind a vpn', network({ family: 6, kind: 'vpn' }), false],
  ])('%s', (_name, other, is) => expect(sameCountryOtherFamily(network(), other)).toBe(is))
})
