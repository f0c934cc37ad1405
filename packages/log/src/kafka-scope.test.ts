import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** Every source of packages and services, tests aside: by path from the root. */
const sources: ReadonlyMap<string, string> = new Map(
  ['packages', 'services'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => {
      const folder = join(root, group, name, 'src')
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|testing\//.test(file))
        .map((file) => [`${group}/${name}/src/${file}`, readFileSync(join(folder, file), 'utf8')])
    }),
  ) as [string, string][],
)
const filesWith = (pattern: RegExp): string[] =>
  [...sources].filter(([, text]) => pattern.test(text)).map(([file]) => file)

it('hazard: transactions of kafkajs end in states that nothing leaves', () => {
  expect(filesWith(/from 'kafkajs'/).length).toBeGreaterThan(5)
  expect('await producer.transaction()').toMatch(transactional)
  expect(filesWith(transactional)).toEqual([])
})

const transactional = /transactionalId|\.transaction\(|\bsendOffsets\b|readUncommitted/

it('hazard: kafkajs is used past the ports that hold it', () => {
  const users = filesWith(/from 'kafkajs[/']/)
  expect(users.filter((file) => !file.startsWith('packages/log/src/'))).toEqual([])
})
