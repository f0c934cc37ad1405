/** How a service reaches Kafka: the brokers, TLS and who it says it is. */
import { z } from 'zod'
import { ConfigError, type ConfigOf, optionalVariable, variable } from './config.ts'
import { kafkaBrokers, oneOf } from './variables.ts'

const pem = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/

const kafkaTls = variable({
  name: 'HOLDPOINT_KAFKA_TLS',
  description: 'Whether Kafka is reached over TLS.',
  expected: 'true or false',
  example: 'true',
  default: 'false',
  schema: oneOf('true', 'false').transform((text) => text === 'true'),
})

const kafkaTlsCa = optionalVariable({
  name: 'HOLDPOINT_KAFKA_TLS_CA',
  description:
    "Authority that signed the brokers' certificates, where the system does not know it.",
  expected: 'certificates in PEM; HOLDPOINT_KAFKA_TLS_CA_FILE names their file',
  example: '-----BEGIN CERTIFICATE----- ...',
  schema: z.string().regex(pem),
})

const kafkaSaslMechanism = optionalVariable({
  name: 'HOLDPOINT_KAFKA_SASL_MECHANISM',
  description: 'How a user is shown to Kafka. Unset, no user is.',
  expected: 'one of plain, scram-sha-256, scram-sha-512',
  example: 'scram-sha-512',
  schema: oneOf('plain', 'scram-sha-256', 'scram-sha-512'),
})

const kafkaSaslUsername = optionalVariable({
  name: 'HOLDPOINT_KAFKA_SASL_USERNAME',
  description: 'User at Kafka.',
  expected: 'a name',
  example: 'holdpoint',
  schema: z.string(),
})

const kafkaSaslPassword = optionalVariable({
  name: 'HOLDPOINT_KAFKA_SASL_PASSWORD',
  description: 'Password at Kafka.',
  expected: 'a password',
  example: 'the text that the user was created with',
  secret: true,
  schema: z.string(),
})

/** The variables of everything that talks to Kafka. */
export const kafkaVariables = {
  kafkaBrokers,
  kafkaTls,
  kafkaTlsCa,
  kafkaSaslMechanism,
  kafkaSaslUsername,
  kafkaSaslPassword,
}

/** As the log's Kafka client takes it. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly ssl?: true | { readonly ca: string }
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}

/**
 * The variables as options of the Kafka client.
 * @throws ConfigError where one is set that says nothing without another
 */
export function kafkaConnection(config: ConfigOf<typeof kafkaVariables>): KafkaConnection {
  const { kafkaTls: tls, kafkaTlsCa: ca, kafkaSaslMechanism: mechanism } = config
  const { kafkaSaslUsername: username, kafkaSaslPassword: password } = config
  const faults: string[] = []
  if (!tls && ca !== undefined) {
    faults.push(
      'HOLDPOINT_KAFKA_TLS: is not true, but HOLDPOINT_KAFKA_TLS_CA is set. Set it to true',
    )
  }
  if (mechanism === undefined && (username !== undefined || password !== undefined)) {
    faults.push(
      'HOLDPOINT_KAFKA_SASL_MECHANISM: is not set, but a user or password is. Set it to e.g. scram-sha-512',
    )
  }
  for (const [name, value] of [
    ['USERNAME', username],
    ['PASSWORD', password],
  ] as const) {
    if (mechanism !== undefined && value === undefined) {
      faults.push(`HOLDPOINT_KAFKA_SASL_${name}: is not set, but HOLDPOINT_KAFKA_SASL_MECHANISM is`)
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    brokers: config.kafkaBrokers,
    ...(tls ? { ssl: ca === undefined ? true : { ca } } : {}),
    ...(mechanism !== undefined && username !== undefined && password !== undefined
      ? { sasl: { mechanism, username, password } }
      : {}),
  }
}
