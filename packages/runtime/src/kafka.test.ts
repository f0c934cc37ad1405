import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from './config.ts'
import { kafkaConnection, kafkaVariables } from './kafka.ts'

const read = (env: Record<string, string>) => kafkaConnection(loadConfig(kafkaVariables, env))

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    read(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
  }
  return []
}

describe('the way to Kafka', () => {
  it('is plain and without a user where nothing is set', () => {
    expect(read({})).toEqual({ brokers: ['127.0.0.1:9092'] })
  })

  it('is over TLS, with an authority and a password from files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-'))
    const ca = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    writeFileSync(join(folder, 'ca.pem'), `${ca}\n`)
    writeFileSync(join(folder, 'password'), 'hunter2\n')
    const env = {
      HOLDPOINT_KAFKA_BROKERS: 'a:9093,b:9093',
      HOLDPOINT_KAFKA_TLS: 'true',
      HOLDPOINT_KAFKA_SASL_MECHANISM: 'scram-sha-512',
      HOLDPOINT_KAFKA_SASL_USERNAME: 'holdpoint',
      HOLDPOINT_KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
    }
    const sasl = { mechanism: 'scram-sha-512', username: 'holdpoint', password: 'hunter2' }
    const brokers = ['a:9093', 'b:9093']
    expect(read(env)).toEqual({ brokers, ssl: true, sasl })
    const withCa = { ...env, HOLDPOINT_KAFKA_TLS_CA_FILE: join(folder, 'ca.pem') }
    expect(read(withCa)).toEqual({ brokers, ssl: { ca }, sasl })
  })

  it('names every variable that says nothing without another', () => {
    expect(faultsOf({ HOLDPOINT_KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
      'HOLDPOINT_KAFKA_SASL_USERNAME: is not set, but HOLDPOINT_KAFKA_SASL_MECHANISM is',
      'HOLDPOINT_KAFKA_SASL_PASSWORD: is not set, but HOLDPOINT_KAFKA_SASL_MECHANISM is',
    ])
    const alone = {
      HOLDPOINT_KAFKA_SASL_PASSWORD: 'hunter2',
      HOLDPOINT_KAFKA_TLS_CA: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    }
    const faults = faultsOf(alone)
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'HOLDPOINT_KAFKA_TLS',
      'HOLDPOINT_KAFKA_SASL_MECHANISM',
    ])
    expect(faults.join()).not.toContain('hunter2')
  })
})
