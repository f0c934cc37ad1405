import { connect } from 'node:net'

// How far a Redis node's data have come, read from that very node, replica or master, whoever is asked by
// Holdpoint's clients: what a fault took back is seen so, and nowhere else for sure.

/** @typedef {ReadonlyMap<number, number>} Positions the applied offset of each partition that the node holds */

const answerMs = 5_000

/**
 * @param {{ port: number }} node
 * @param {{ generation: number, partitions: number }} of
 * @returns {Promise<Positions>}
 * @throws {Error} where it does not answer
 */
export async function positionsAt({ port }, { generation, partitions }) {
  const asked = Array.from(
    { length: partitions },
    (_, partition) => `HGET {hp:${generation}:${partition}}:m applied\r\n`,
  )
  // A cluster's replica answers for its slots only to whom it is told to.
  const answers = repliesIn(await exchange(port, `READONLY\r\n${asked.join('')}QUIT\r\n`)).slice(1)
  const positions = new Map()
  for (let partition = 0; partition < partitions; partition += 1) {
    const answer = answers[partition]
    if (answer !== undefined && answer !== null) positions.set(partition, Number(answer))
  }
  return positions
}

/**
 * Whether later positions stand before earlier ones in any partition.
 *
 * @param {Positions} earlier
 * @param {Positions} later
 */
export const wentBack = (earlier, later) =>
  [...later].some(([partition, position]) => position < (earlier.get(partition) ?? -1))

/**
 * The plain replies of a Redis: null for none, and for an error (as of a partition that is elsewhere).
 *
 * @param {string} text
 * @returns {readonly (string | null)[]}
 */
function repliesIn(text) {
  const lines = text.split('\r\n')
  const replies = []
  for (let at = 0; at < lines.length - 1; at += 1) {
    const line = lines[at] ?? ''
    if (line.startsWith('$') && line !== '$-1') {
      at += 1
      replies.push(lines[at] ?? null)
    } else replies.push(/^[-$]/.test(line) ? null : line.slice(1))
  }
  return replies
}

/**
 * @param {number} port
 * @param {string} request that ends the connection
 * @returns {Promise<string>}
 */
function exchange(port, request) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(request))
    socket.setEncoding('latin1')
    socket.setTimeout(answerMs, () => socket.destroy(new Error(`127.0.0.1:${port} is silent`)))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}
