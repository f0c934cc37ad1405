import { createConnection } from 'node:net'

/**
 * Whether a Kafka broker answers: the reply to an ApiVersions request (key 18, version 0) says no error.
 * A port that merely accepts is not enough, a broker does so before it is ready.
 *
 * @param {number} port
 */
export async function kafkaAnswers(port) {
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0) // bytes that follow
  request.writeInt16BE(18, 4)
  request.writeInt16BE(0, 6)
  request.writeInt32BE(1, 8) // correlation id
  request.writeInt16BE(-1, 12) // no client id
  const reply = await exchange(port, request, 10)
  return reply !== undefined && reply.readInt32BE(4) === 1 && reply.readInt16BE(8) === 0
}

/**
 * How many living brokers a Kafka node knows of, itself among them; 0 where it does not answer. The reply
 * to a Metadata request (key 3, version 1) for no topic begins with them.
 *
 * @param {number} port
 */
export async function kafkaBrokers(port) {
  const request = Buffer.alloc(18)
  request.writeInt32BE(14, 0) // bytes that follow
  request.writeInt16BE(3, 4)
  request.writeInt16BE(1, 6)
  request.writeInt32BE(1, 8) // correlation id
  request.writeInt16BE(-1, 12) // no client id
  request.writeInt32BE(0, 14) // no topics
  const reply = await exchange(port, request, 12)
  return reply === undefined || reply.readInt32BE(4) !== 1 ? 0 : reply.readInt32BE(8)
}

/**
 * Whether Redis answers PING with PONG: while it still loads its data it answers with an error.
 *
 * @param {number} port
 */
export async function redisAnswers(port) {
  const reply = await exchange(port, Buffer.from('PING\r\n'), 7)
  return reply?.toString('latin1').startsWith('+PONG') ?? false
}

/**
 * Whether the registry serves its Confluent API.
 *
 * @param {number} port
 */
export async function registryAnswers(port) {
  try {
    const url = `http://127.0.0.1:${port}/apis/ccompat/v7/subjects`
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

/**
 * Whether anything listens.
 *
 * @param {number} port
 */
export async function portTaken(port) {
  return (await exchange(port, Buffer.alloc(0), 0)) !== undefined
}

/**
 * Sends bytes to a port on this machine and answers with the first `length` bytes or more that come
 * back, or with undefined when they do not come within two seconds.
 *
 * @param {number} port
 * @param {Buffer} request
 * @param {number} length
 * @returns {Promise<Buffer | undefined>}
 */
function exchange(port, request, length) {
  return new Promise((resolve) => {
    let reply = Buffer.alloc(0)
    const socket = createConnection({ host: '127.0.0.1', port })
    const end = (/** @type {Buffer | undefined} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(2_000, () => end(undefined))
    socket.on('error', () => end(undefined))
    socket.on('close', () => end(undefined))
    socket.on('connect', () => (length === 0 ? end(reply) : socket.write(request)))
    socket.on('data', (chunk) => {
      reply = Buffer.concat([reply, chunk])
      if (reply.length >= length) end(reply)
    })
  })
}
