import { Command } from 'commander'
import { findingLine } from '../doctor/check.ts'
import { examine, hintFor } from '../doctor/doctor.ts'
import type { Environment } from '../environment.ts'

/** `holdpoint doctor` */
export const doctorCommand = (env: Environment): Command =>
  new Command('doctor')
    .description('look at Node, Kafka, topics, registry, schemas, Redis, clock and geo data')
    .option('--json', 'the findings as one JSON array')
    .addHelpText(
      'after',
      '\nAddresses come from HOLDPOINT_KAFKA_BROKERS, HOLDPOINT_REDIS_URL and HOLDPOINT_REGISTRY_URL.\nFails where any finding does.\n\nExample:\n  HOLDPOINT_REDIS_URL=redis://127.0.0.1:6379 holdpoint doctor',
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const findings = await examine(env)
      const lines = json ? [JSON.stringify(findings, null, 2)] : findings.map(findingLine)
      process.stdout.write(`${lines.join('\n')}\n`)
      const hint = hintFor(findings, env)
      if (!json && hint !== null) process.stdout.write(`\n${hint}\n`)
      if (findings.some(({ status }) => status === 'fail')) process.exitCode = 1
    })
