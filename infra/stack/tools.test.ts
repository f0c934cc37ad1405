import { describe, expect, it } from 'vitest'
import { missingMessage, missingTools, otherStacks, stackTools, withRetries } from './tools.mjs'

const machine =
  (answers: Record<string, string>) =>
  async (command: string): Promise<{ code: number; output: string }> => {
    const output = answers[command]
    return output === undefined ? { code: 127, output: 'ENOENT' } : { code: 0, output }
  }

const whole = {
  java: 'openjdk version "21.0.2" 2024-01-16',
  mvn: 'Apache Maven 3.8.7',
  'redis-server': 'Redis server v=7.0.15 sha=00000000:0',
}

describe('the tools of the native stack', () => {
  it('lack nothing on a machine that has them all', async () => {
    expect(await missingTools(stackTools, machine(whole))).toEqual([])
  })

  it('are named where they are missing or too old, with every way to mend it', async () => {
    const old = { java: 'openjdk version "11.0.2"', 'redis-server': 'Redis server v=6.2.1' }
    const message = missingMessage(await missingTools(stackTools, machine(old)), otherStacks)
    expect(message).toContain(
      'lacks Java 17 or newer (`java`), Maven (`mvn`), Redis 7 or newer (`redis-server`)',
    )
    expect(message).toContain('apt-get install openjdk-17-jre-headless maven redis-server')
    expect(message).toContain('Docker')
    expect(message).toContain('HOLDPOINT_KAFKA_BROKERS')
  })

  it('do not take Java 1.8 for Java 18', async () => {
    const java8 = machine({ ...whole, java: 'java version "1.8.0_402"' })
    const missing = await missingTools(stackTools, java8)
    expect(missing.map((tool) => tool.command)).toEqual(['java'])
  })
})

describe('a mirror that fails', () => {
  const failing = (times: number) => {
    let calls = 0
    return async () => {
      calls += 1
      if (calls <= times) throw new Error(`failure ${calls}`)
      return calls
    }
  }

  it('is asked three times', async () => {
    expect(await withRetries(failing(2), 0)).toBe(3)
  })

  it('is given up with its last word', async () => {
    await expect(withRetries(failing(3), 0)).rejects.toThrow('failure 3')
  })
})
