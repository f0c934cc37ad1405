import { describe, expect, it } from 'vitest'
import {
  controls,
  controlsOf,
  meaningOf,
  meanings,
  ownReasons,
  parentTechniques,
  tactics,
  techniques,
} from './controls.ts'
import { detectors } from './detectors/index.ts'

const found = detectors.flatMap(({ reasons }) => Object.keys(reasons))

describe('the table of what reasons mean', () => {
  it('has a row for every reason that is given', () => {
    const missing = [...found, ...ownReasons].filter((reason) => !Object.hasOwn(meanings, reason))
    expect(missing).toEqual([])
  })

  it('has no row for a reason that nobody gives', () => {
    const given = new Set([...found, ...ownReasons])
    expect(Object.keys(meanings).filter((reason) => !given.has(reason))).toEqual([])
  })

  it('gives each reason a title and at least one control, and names no control in vain', () => {
    const used = new Set<string>()
    for (const [reason, row] of Object.entries(meanings)) {
      expect(row.title, reason).not.toBe('')
      expect(row.controls.length, reason).toBeGreaterThan(0)
      for (const id of row.controls) used.add(id)
      expect(new Set(row.controls).size, reason).toBe(row.controls.length)
    }
    expect(Object.keys(controls).filter((id) => !used.has(id))).toEqual([])
  })

  it('names techniques as ATT&CK forms their ids, each used, each of a known tactic', () => {
    const used = new Set(Object.values(meanings).flatMap(({ attack }) => [...attack]))
    for (const [id, { tactic }] of Object.entries(techniques)) {
      expect(id).toMatch(/^T\d{4}(\.\d{3})?$/)
      expect(Object.keys(tactics)).toContain(tactic)
      expect(used, id).toContain(id)
      const [parent = ''] = id.split('.')
      expect([...Object.keys(techniques), ...Object.keys(parentTechniques)]).toContain(parent)
    }
  })

  it('keeps the ids that readers know from older texts, each for one control only', () => {
    const aliases = Object.values(controls).flatMap((control) => [...control.aliases])
    expect(aliases).toEqual(
      expect.arrayContaining(['NHI-03', 'NHI-05', 'PR.AC-7', 'AC-5', 'IAM'] as const),
    )
    expect(new Set(aliases).size).toBe(aliases.length)
    expect(aliases.filter((alias) => Object.hasOwn(controls, alias))).toEqual([])
  })
})

describe('the controls of a decision', () => {
  it('are those of its type and of its reasons, each once, in one order', () => {
    const one = [{ reason: 'STALE_CREDENTIAL' }, { reason: 'NEW_COUNTRY' }]
    const ids = controlsOf('session.stepup.required', one)
    expect(ids).toEqual([
      'DE.CM-03',
      'NHI1:2025',
      'NHI7:2025',
      'PR.AA-01',
      'PR.AA-03',
      'SP800-207.T6',
    ])
    expect(controlsOf('session.stepup.required', [...one].reverse())).toEqual(ids)
  })

  it('are those of its type alone where it has no reason, or one of a detector of one’s own', () => {
    expect(controlsOf('session.stepup.required', [])).toEqual(['PR.AA-03', 'SP800-207.T6'])
    expect(controlsOf('session.revoked', [{ reason: 'HOUSE_RULE' }])).toEqual([
      'PR.AA-05',
      'SP800-207.T4',
    ])
    expect(meaningOf('toString')).toEqual({ title: '', attack: [], controls: [] })
  })
})
