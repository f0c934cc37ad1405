import { once } from 'node:events'
import { createServer, connect as tcpConnect } from 'node:net'

/** @typedef {import('node:net').Socket} Socket */

/** @typedef {'toServer' | 'toClient'} Direction what clients send, or what they are answered */

/** @type {readonly Direction[]} */
const bothWays = ['toServer', 'toClient']

/**
 * Beyond this a held or delayed direction of one connection takes no more, bytes; as in a real network,
 * the sender then waits.
 */
const heldBytesMax = 1 << 20

/**
 * A small TCP proxy on loopback that can be hurt: what stands between a service and Redis, or a broker.
 *
 * @typedef {object} Proxy
 * @property {number} port where clients connect, on 127.0.0.1
 * @property {number} connections that are open now
 * @property {() => void} pass delivers all, at once: what was held or delayed comes first, late and in
 *   order, as when a network heals
 * @property {(directions?: readonly Direction[]) => void} hold half-open: connections, new ones too, stay
 *   open and take bytes, and nothing comes out of the directions named (both when absent), not even the
 *   end of a connection
 * @property {(ms: number) => void} delay delivers each chunk so much later, both ways
 * @property {() => void} cut ends all connections with a reset (RST), and what they held is lost. New ones
 *   are as before
 * @property {(toPort: number) => void} lead leads new connections to another port on 127.0.0.1, and cuts
 *   the old ones: an address that moved
 * @property {() => Promise<void>} close cuts everything and listens no more; safe twice
 */

/**
 * Starts a proxy that leads to port `to` on 127.0.0.1, and listens there on `port`, or on any that is free.
 *
 * @param {{ to: number, port?: number }} options
 * @returns {Promise<Proxy>}
 * @throws what `listen` throws, as where the port is taken
 */
export async function startProxy(options) {
  let { to } = options
  let delayMs = 0
  /** @type {Set<Direction>} */
  const held = new Set()
  /** @type {Set<ReturnType<typeof pairUp>>} */
  const pairs = new Set()
  const weather = {
    isHeld: (/** @type {Direction} */ direction) => held.has(direction),
    delayMs: () => delayMs,
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const pair = pairUp(client, to, weather)
    pairs.add(pair)
    pair.onGone(() => pairs.delete(pair))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

  const flush = () => {
    for (const pair of pairs) pair.flush()
  }
  const cut = () => {
    for (const pair of pairs) pair.reset()
  }
  return {
    port,
    get connections() {
      return pairs.size
    },
    pass() {
      held.clear()
      delayMs = 0
      flush()
    },
    hold(directions = bothWays) {
      held.clear()
      for (const direction of directions) held.add(direction)
      flush()
    },
    delay(ms) {
      delayMs = ms
    },
    cut,
    lead(toPort) {
      to = toPort
      cut()
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}

/** @typedef {{ isHeld: (direction: Direction) => boolean, delayMs: () => number }} Weather */

/**
 * Joins a client's connection with one to the server that it leads to.
 *
 * @param {Socket} client
 * @param {number} to
 * @param {Weather} weather
 */
function pairUp(client, to, weather) {
  const server = tcpConnect({ host: '127.0.0.1', port: to, allowHalfOpen: true })
  const sockets = [client, server]
  const lanes = [
    lane(client, server, 'toServer', weather),
    lane(server, client, 'toClient', weather),
  ]
  return {
    flush() {
      for (const each of lanes) each.flush()
    },
    reset() {
      for (const socket of sockets) reset(socket)
    },
    onGone(/** @type {() => void} */ listener) {
      let open = sockets.length
      for (const socket of sockets)
        socket.on('close', () => {
          open -= 1
          if (open > 0) return
          for (const each of lanes) each.stop()
          listener()
        })
    },
  }
}

/** @param {Socket} socket */
function reset(socket) {
  if (!socket.destroyed) socket.resetAndDestroy()
}

/** @typedef {Buffer | 'end' | 'reset'} Deed what one end did: it sent bytes, or ended the connection */

/** @param {Deed} deed */
const sizeOf = (deed) => (typeof deed === 'string' ? 0 : deed.length)

/**
 * Carries one direction of a connection: all in order, the end of it too.
 *
 * @param {Socket} from
 * @param {Socket} to
 * @param {Direction} direction
 * @param {Weather} weather
 */
function lane(from, to, direction, weather) {
  /** What the other end has not got. @type {{ deed: Deed, due: number }[]} */
  const waiting = []
  let bytes = 0
  /** @type {NodeJS.Timeout | undefined} */
  let timer

  const deliver = (/** @type {Deed} */ deed) => {
    bytes -= sizeOf(deed)
    if (deed === 'reset') reset(to)
    else if (!to.writable) return
    else if (deed === 'end') to.end()
    else to.write(deed)
  }
  const flush = () => {
    clearTimeout(timer)
    if (weather.isHeld(direction)) return
    const now = performance.now()
    for (;;) {
      const [next] = waiting
      if (next === undefined) break
      if (weather.delayMs() > 0 && next.due > now) {
        timer = setTimeout(flush, next.due - now)
        break
      }
      waiting.shift()
      deliver(next.deed)
    }
    if (bytes + to.writableLength < heldBytesMax) from.resume()
  }
  const take = (/** @type {Deed} */ deed) => {
    waiting.push({ deed, due: performance.now() + weather.delayMs() })
    bytes += sizeOf(deed)
    flush()
    if (bytes + to.writableLength >= heldBytesMax) from.pause()
  }
  from
    .setNoDelay(true)
    .on('data', take)
    .on('end', () => take('end'))
    .on('error', () => take('reset'))
  to.on('drain', flush)
  return { flush, stop: () => clearTimeout(timer) }
}
