import { userInfo } from 'node:os'
import { type ControlOrder, registryCatalogue } from '@holdpoint/contracts'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { orderLines, standingJson, standingLines } from '../control/lines.ts'
import { answerOrder, type By, observeOrder, send } from '../control/order.ts'
import { heldDecisions, ordersGiven } from '../control/standing.ts'
import { jsonLine } from '../dlq/text.ts'
import type { Environment } from '../environment.ts'
import { CommandError } from '../errors.ts'
import { type Connection, connectedAs } from './connected.ts'
import { tenantOr } from './tenant.ts'

const connected = connectedAs('holdpoint-control')

const addresses = '\nAddresses come from HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL.\n'

/** `holdpoint control` */
export const controlCommand = (env: Environment): Command =>
  new Command('control')
    .description('orders of operators: keep decisions back, release or drop what is held')
    .addCommand(observeCommand(env))
    .addCommand(answerCommand(env, 'release', 'revoke the session of a held decision after all'))
    .addCommand(
      answerCommand(
        env,
        'drop',
        'let the session of a held decision go on: what led to it ends it no more',
      ),
    )
    .addCommand(listCommand(env))
    .addHelpText('after', '\nExample:\n  holdpoint control ls')

interface OrderFlags {
  readonly reason: string
  readonly operator?: string
  readonly json?: boolean
}

const ordering = (command: Command): Command =>
  command
    .requiredOption('--reason <text>', 'why; it is kept with the order', said)
    .option('--operator <name>', 'who orders it (default: the user of this system)', said)
    .option('--json', 'the order as one JSON value on stdout, nothing else')

const byOf = ({ reason, operator }: OrderFlags): By => ({
  reason,
  operator: operator ?? thisUser(),
  now: Date.now(),
})

function thisUser(): string {
  try {
    return userInfo().username
  } catch {
    throw new CommandError('this system has no name for its user: say who orders it by --operator')
  }
}

interface ObserveFlags extends OrderFlags {
  readonly tenant?: string
}

const observeCommand = (env: Environment): Command =>
  ordering(new Command('observe'))
    .description(
      'on: decisions go to session.shadow alone, and no session is revoked; off: apps hear of them again',
    )
    .addArgument(new Argument('<switch>', 'of observe-only').choices(['on', 'off']))
    .option('--tenant <tenant>', 'of one tenant (default: of all)', tenantOr('of all'))
    .addHelpText(
      'after',
      `${addresses}\nExample:\n  holdpoint control observe on --tenant acme --reason ticket-4711`,
    )
    .action((turned: string, flags: ObserveFlags) =>
      connected(env, async ({ log }) => {
        const order = observeOrder(turned === 'on', flags.tenant ?? '', byOf(flags))
        await send(log, order)
        report(order, flags)
      }),
    )

const answerCommand = (env: Environment, kind: 'release' | 'drop', does: string): Command =>
  ordering(new Command(kind))
    .description(does)
    .argument('<decision>', 'its id, as control ls prints it', decisionIdOf)
    .addHelpText(
      'after',
      `${addresses}\nExample:\n  holdpoint control ${kind} 1.7.4711.1 --reason ticket-4711`,
    )
    .action((decisionId: string, flags: OrderFlags) =>
      connected(env, async (to) => {
        const order = answerOrder(kind, decisionId, await heldOf(to), byOf(flags))
        await send(to.log, order)
        report(order, flags)
      }),
    )

const listCommand = (env: Environment): Command =>
  new Command('ls')
    .description('what stands: switches of observe-only, and revocations that are held')
    .option('--json', 'as one JSON value on stdout, nothing else')
    .addHelpText(
      'after',
      `\nIt prints ids of subjects and sessions: mind where the output goes.\n${addresses}\nExample:\n  holdpoint control ls`,
    )
    .action(({ json = false }: { readonly json?: boolean }) =>
      connected(env, async (to) => {
        const orders = await ordersGiven(to.log)
        const held = await heldOf(to)
        const told = json
          ? [jsonLine(standingJson(orders, held))]
          : standingLines(orders, held, Date.now())
        print(told)
      }),
    )

const heldOf = async ({ log, config }: Connection) =>
  heldDecisions(log, await registryCatalogue({ url: config.registryUrl, writes: [] }))

const report = (order: ControlOrder, { json = false }: OrderFlags): void =>
  print(json ? [jsonLine(order)] : orderLines(order))

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function said(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Expected a text that is not empty.')
}

function decisionIdOf(text: string): string {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) return text
  throw new InvalidArgumentError('Expected the id of a decision, as 1.7.4711.1.')
}
