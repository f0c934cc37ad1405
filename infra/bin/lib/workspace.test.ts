import { expect, it } from 'vitest'
import { nodeFault } from './workspace.mjs'

it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('Node %s will do', (version) => {
  expect(nodeFault(version)).toBeUndefined()
})

it.each(['18.20.4', '20.9.0', '20.18.3'])(
  'Node %s is refused with the version wanted',
  (version) => {
    expect(nodeFault(version)).toContain(`Node ${version} is too old: Holdpoint needs Node 20.19`)
  },
)
