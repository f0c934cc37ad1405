/** What a command could not do, in one line with the mend. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
