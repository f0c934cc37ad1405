export { createProgram } from './cli.ts'
export { type ComposeOptions, type Composition, compose } from './compose.ts'
export { referencePages } from './reference/pages.ts'
export { Replay, replayPartitions, type Taken } from './replay/replay.ts'
