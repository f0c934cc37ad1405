import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram, everyCommand } from './cli.ts'

/** The whole help, as `--help` prints it. */
async function helpOf(path: readonly string[]): Promise<string> {
  let help = ''
  const program = createProgram({})
  for (const command of everyCommand(program)) {
    command.configureOutput({
      writeOut(text) {
        help += text
      },
    })
  }
  await program.parseAsync([...path, '--help'], { from: 'user' }).catch(() => undefined)
  return help
}

const pathTo = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...pathTo(command.parent), command.name()]

/** A program whose commands do nothing but say that they were called. */
function rehearsal(called: string[]) {
  const program = createProgram({})
  for (const command of everyCommand(program)) {
    command.configureOutput({ writeErr: () => undefined })
    if (command.commands.length === 0) command.action(() => void called.push(command.name()))
  }
  return program
}

const leaves = everyCommand(createProgram({})).filter(({ commands }) => commands.length === 0)

test.each(leaves.map((leaf) => [pathTo(leaf).join(' '), leaf] as const))(
  'holdpoint %s --help ends with an example that parses',
  async (_name, leaf) => {
    const help = await helpOf(pathTo(leaf))
    const example =
      /Example:\n {2}(?:[A-Z_]+=\S+ )*holdpoint (.+)\n\nExit codes: 0 done, 1 failed, 2 wrong usage\.\n$/.exec(
        help,
      )?.[1]
    expect(example, help).toBeDefined()
    const called: string[] = []
    await rehearsal(called).parseAsync((example ?? '').split(' '), { from: 'user' })
    expect(called).toEqual([leaf.name()])
  },
)

test.each(['--dry-run', '--force', '--anew', '--to=3'])(
  'holdpoint rebase --remove-old %s is refused: it would remove all the same',
  async (flag) => {
    const called: string[] = []
    const words = ['rebase', '--remove-old', flag]
    await expect(rehearsal(called).parseAsync(words, { from: 'user' })).rejects.toMatchObject({
      code: 'commander.conflictingOption',
    })
    expect(called).toEqual([])
  },
)

test.each([
  [['dev', '--port', 'x'], 'Expected a whole number from 0 to 65535'],
  [['dev', '--people', '0'], 'Expected a whole number from 1 to 5000'],
  [['rebase', '--to', '1'], 'Expected a whole number from 2 to 9999'],
  [
    ['control', 'observe', 'on', '--reason', 'x', '--tenant', ''],
    'Leave --tenant out for the default (of all)',
  ],
  [
    ['state', 'show', '--subject', 'alice', '--session', 's-1', '--tenant', ' '],
    'Leave --tenant out for the default (default)',
  ],
  [['replay'], "missing required argument 'file'"],
  [['nope'], "unknown command 'nope'"],
])('wrong usage %j says what is wrong', async (words, message) => {
  await expect(rehearsal([]).parseAsync(words, { from: 'user' })).rejects.toThrow(message)
})
