export * from './alert.ts'
export {
  type Control,
  type ControlKind,
  type ControlState,
  controlKinds,
  isObserved,
  noControl,
} from './control.ts'
export {
  attackEdition,
  type ControlEntry,
  controls,
  type Meaning,
  meaningOf,
  meanings,
  ownReasons,
  parentTechniques,
  tactics,
  techniques,
} from './controls.ts'
export * from './decision.ts'
export { decisionTime } from './decision-time.ts'
export { defaultPolicy } from './default-policy.ts'
export * from './detector.ts'
export { detectors } from './detectors/index.ts'
export type { KeptBack } from './draft.ts'
export * from './event.ts'
export * from './fields.ts'
export { emptyMeta, foldPartition } from './fold.ts'
export * from './fold-types.ts'
export * from './lifetimes.ts'
export * from './notice.ts'
export * from './policy.ts'
export * from './signal.ts'
export { rulesVersion, statusOf } from './stamp.ts'
export * from './state.ts'
export { emptyLoad, type Loads, type TenantLoad } from './storm.ts'
export { type StoryEntry, storySignals } from './story.ts'
export { timersPerTick } from './timers.ts'
export { followUps, keysOf } from './wanted.ts'
