import { run } from '../bin/lib/command.mjs'

/** @typedef {Pick<import('./fleet-node.mjs').Node, 'title' | 'port'>} RedisNode */

/**
 * Runs one command at a Redis node or a sentinel, and answers as redis-cli prints it: a list has an
 * element a line.
 *
 * @param {RedisNode} node
 * @param {...string} command
 * @returns {Promise<string>}
 * @throws when the node answers with an error, or not within 5 s
 */
export async function redisCommand({ title, port }, ...command) {
  const args = ['-e', '-h', '127.0.0.1', '-p', String(port), ...command]
  const { code, output } = await run('redis-cli', args, { timeoutMs: 5_000 })
  const answer = output.trimEnd()
  if (code === 0) return answer
  const why = code === 124 ? 'no answer within 5 s' : answer
  throw new Error(`${title} on 127.0.0.1:${port}, ${command.join(' ')}: ${why}`)
}

/**
 * The fields of a section of INFO, or of CLUSTER INFO.
 *
 * @param {RedisNode} node
 * @param {...string} command
 * @returns {Promise<ReadonlyMap<string, string>>}
 */
export async function redisFields(node, ...command) {
  const lines = (await redisCommand(node, ...command)).split(/\r?\n/)
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^([^:#]+):(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}
