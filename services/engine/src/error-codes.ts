/** Why a record of `holdpoint.events` is a dead letter, beside what contracts refuse. Each is a row of the reference. */
export const engineErrorCodes = {
  undecodable: 'The record cannot be decoded, for a reason that no other code names.',
  fold_exception: 'The fold fails on the record: a fault of Holdpoint, to be reported.',
  state_invalid:
    'The record would make a state that its declaration does not allow: a fault of Holdpoint, to be reported.',
} as const

/** Why a partition is stopped until an operator acts: nothing of it is folded, and nothing is lost. Each is a row of the reference. */
export const engineStopCodes = {
  log_gap: 'Records are gone from the log before they were folded: retention has passed.',
  log_truncated:
    'The log ends before what was folded: the topic was made anew, or has lost records.',
  generation_mismatch: 'The state is of another generation than HOLDPOINT_GENERATION.',
  store_inconsistent:
    'The store refuses every commit though nobody else writes: its keys do not belong together.',
  state_too_new: 'A newer release has written the state. Run that one, or a newer one.',
  state_too_old:
    'The state is two formats behind this release. Write it forward with the release before.',
  state_corrupt: 'Bytes of the state are none that any release has written.',
} as const
