import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAddress } from './address.ts'
import { editionAgeMs, editionOf, geoipLitePlaces } from './places.ts'

const places = geoipLitePlaces()
const lookup = (text: string) => {
  const address = parseAddress(text)
  return address === null ? null : places.lookup(address)
}

describe('places of the shipped data', () => {
  it('have a point, a radius and the edition of the data', () => {
    expect(places.edition).toBe(20231115)
    expect(lookup('81.2.69.142')).toMatchObject({ country: 'GB' })
    expect(lookup('81.2.69.142')?.point?.radiusKm).toBeGreaterThan(0)
  })

  it('are blind where the data has an entry without coordinates', () => {
    const found = lookup('1.1.1.1')
    expect(found?.point ?? null).toBeNull()
  })
})

describe('the edition', () => {
  it('is the date of the archive, else that of the data file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-'))
    writeFileSync(join(folder, 'geoip-city.dat'), '')
    const today = Number(new Date().toISOString().slice(0, 10).replaceAll('-', ''))
    expect(editionOf(folder)).toBe(today)
    writeFileSync(join(folder, 'city.checksum'), 'ab  GeoLite2-City-CSV_20260115.zip')
    expect(editionOf(folder)).toBe(20260115)
  })

  it('tells its age', () => {
    expect(editionAgeMs(20231115, Date.UTC(2023, 10, 17))).toBe(2 * 86_400_000)
  })
})
