import { Command } from 'commander'
import { backtestCommand } from './commands/backtest.ts'
import { controlCommand } from './commands/control.ts'
import { devCommand } from './commands/dev.ts'
import { dlqCommand } from './commands/dlq.ts'
import { doctorCommand } from './commands/doctor.ts'
import { rebaseCommand } from './commands/rebase.ts'
import { replayCommand } from './commands/replay.ts'
import { stateCommand } from './commands/state.ts'
import { topicsCommand } from './commands/topics.ts'
import type { Environment } from './environment.ts'

const exitCodes = '\nExit codes: 0 done, 1 failed, 2 wrong usage.'

/**
 * The `holdpoint` command. Parsing throws `CommanderError` instead of ending the process.
 * @param env the environment that its commands read
 */
export function createProgram(env: Environment): Command {
  const program = new Command('holdpoint')
    .description(
      'a continuous session risk engine: events in, step-up and revocation decisions out',
    )
    .addHelpText('after', `\nExample:\n  holdpoint dev`)
  for (const command of [
    devCommand,
    replayCommand,
    backtestCommand,
    topicsCommand,
    doctorCommand,
    dlqCommand,
    rebaseCommand,
    stateCommand,
    controlCommand,
  ]) {
    program.addCommand(command(env))
  }
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('(--help shows an example)')
    command.addHelpText('after', exitCodes)
  }
  return program
}

/** A command and all below it. */
export const everyCommand = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(everyCommand),
]
