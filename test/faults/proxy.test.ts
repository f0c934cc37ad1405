import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Proxy as FaultProxy, startProxy } from './proxy.mjs'

const within = { timeout: 10_000, interval: 2 }
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Peer {
  readonly port: number
  /** All that it was sent. */
  readonly got: () => string
  readonly bytes: () => number
  readonly connections: Socket[]
  /** How connections ended. */
  readonly ends: string[]
  close(): void
}

/** Answers each chunk with its upper case. */
async function startPeer(): Promise<Peer> {
  const got: Buffer[] = []
  const connections: Socket[] = []
  const ends: string[] = []
  const server: Server = createServer((socket) => {
    connections.push(socket)
    socket.on('data', (chunk) => {
      got.push(chunk)
      socket.write(chunk.toString().toUpperCase())
    })
    socket.on('end', () => ends.push('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    got: () => Buffer.concat(got).toString(),
    bytes: () => got.reduce((sum, { length }) => sum + length, 0),
    connections,
    ends,
    close() {
      server.close()
      for (const socket of connections) socket.destroy()
    },
  }
}

describe('the fault proxy', () => {
  let peer: Peer
  let proxy: FaultProxy
  const clients: Socket[] = []

  /** Connects, and waits until the connection has come through to `server`. */
  async function client(server = peer) {
    const before = server.connections.length
    const { socket, got, ends } = await rawClient()
    await expect.poll(() => server.connections.length, within).toBe(before + 1)
    return { socket, got, ends }
  }

  async function rawClient() {
    const socket = connect({ host: '127.0.0.1', port: proxy.port })
    const got: Buffer[] = []
    const ends: string[] = []
    socket.on('data', (chunk) => got.push(chunk))
    socket.on('end', () => ends.push('end'))
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'))
    clients.push(socket)
    await once(socket, 'connect')
    return { socket, got: () => Buffer.concat(got).toString(), ends }
  }

  beforeEach(async () => {
    peer = await startPeer()
    proxy = await startProxy({ to: peer.port })
  })
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy()
    await proxy.close()
    peer.close()
  })

  it('delivers bytes both ways, and the end of a connection', async () => {
    const { socket, got, ends } = await client()
    socket.write('hello')
    await expect.poll(got, within).toBe('HELLO')
    expect(proxy.connections).toBe(1)
    socket.end()
    await expect.poll(() => [peer.ends, ends], within).toEqual([['end'], ['end']])
    await expect.poll(() => proxy.connections, within).toBe(0)
  })

  it('delivers more than it would hold to a slow reader', async () => {
    const { socket, got } = await client()
    socket.pause()
    const much = 'x'.repeat(5 << 20)
    socket.write(much)
    await pause(20)
    socket.resume()
    await expect.poll(() => got().length, within).toBe(much.length)
  })

  it('half-open towards the server, takes requests and delivers none, without a word', async () => {
    const { socket, got, ends } = await client()
    proxy.hold(['toServer'])
    socket.write('lost?')
    await pause(30)
    peer.connections[0]?.write('news')
    await expect.poll(got, within).toBe('news')
    expect(peer.got()).toBe('')
    expect(ends).toEqual([])
  })

  it('half-open towards the client, swallows the answers to what was done', async () => {
    const { socket, got, ends } = await client()
    proxy.hold(['toClient'])
    socket.write('done')
    await expect.poll(peer.got, within).toBe('done')
    await pause(30)
    expect(got()).toBe('')
    expect(ends).toEqual([])
  })

  it('half-open both ways, lets new connections in and keeps their end to itself', async () => {
    proxy.hold()
    const { socket, ends } = await client()
    socket.write('anybody?')
    socket.end()
    await pause(30)
    expect(peer.got()).toBe('')
    expect(peer.ends).toEqual([])
    expect(ends).toEqual([])
  })

  it('delivers late what it held, in order and whole, when the network heals', async () => {
    const { socket, got } = await client()
    proxy.hold()
    for (const part of ['a', 'b', 'c']) {
      socket.write(part)
      await pause(5)
    }
    proxy.pass()
    socket.write('d')
    await expect.poll(peer.got, within).toBe('abcd')
    await expect.poll(got, within).toBe('ABCD')
  })

  it('tells a server only after healing that its client was gone', async () => {
    const { socket } = await client()
    proxy.hold()
    socket.write('last words')
    await pause(10)
    socket.resetAndDestroy()
    await pause(30)
    expect(peer.ends).toEqual([])
    proxy.pass()
    await expect.poll(() => peer.ends, within).toEqual(['ECONNRESET'])
    await expect.poll(() => proxy.connections, within).toBe(0)
  })

  it('takes a bounded amount while it holds, and all of it arrives in the end', async () => {
    const { socket } = await client()
    proxy.hold()
    // More than the kernel's own buffers take.
    const much = Buffer.alloc(16 << 20, 'y')
    socket.write(much)
    await pause(300)
    expect(socket.writableLength).toBeGreaterThan(0)
    proxy.pass()
    await expect.poll(() => socket.writableLength, within).toBe(0)
    await expect.poll(peer.bytes, within).toBe(much.length)
  })

  it('cuts with a reset at both ends, loses what it held, and lets new connections through', async () => {
    const { socket, ends } = await client()
    proxy.hold()
    socket.write('lost')
    await pause(10)
    proxy.cut()
    await expect.poll(() => [ends, peer.ends], within).toEqual([['ECONNRESET'], ['ECONNRESET']])
    proxy.pass()
    const next = await client()
    next.socket.write('again')
    await expect.poll(next.got, within).toBe('AGAIN')
    expect(peer.got()).toBe('again')
  })

  it('delays both ways, in order, also when the delay shrinks meanwhile', async () => {
    const { socket, got } = await client()
    proxy.delay(40)
    const began = performance.now()
    socket.write('one ')
    await pause(5)
    proxy.delay(20)
    socket.write('two')
    await expect.poll(got, within).toBe('ONE TWO')
    expect(performance.now() - began).toBeGreaterThanOrEqual(55)
    expect(peer.got()).toBe('one two')
  })

  it('delivers at once what it delayed, when it passes again', async () => {
    const { socket, got } = await client()
    proxy.delay(60_000)
    socket.write('late')
    await pause(20)
    expect(peer.got()).toBe('')
    proxy.pass()
    await expect.poll(got, within).toBe('LATE')
  })

  it('leads to another server when told, and cuts who was on the first', async () => {
    const other = await startPeer()
    const { ends } = await client()
    proxy.lead(other.port)
    await expect.poll(() => ends, within).toEqual(['ECONNRESET'])
    const next = await client(other)
    next.socket.write('who?')
    await expect.poll(other.got, within).toBe('who?')
    expect(peer.got()).toBe('')
    other.close()
  })

  it('resets a client whose server is away', async () => {
    const nobody = await startPeer()
    nobody.close()
    proxy.lead(nobody.port)
    const { ends } = await rawClient()
    await expect.poll(() => ends, within).toEqual(['ECONNRESET'])
  })

  it('listens no more, and leaves nothing open, when it is closed', async () => {
    const { ends } = await client()
    await proxy.close()
    await expect.poll(() => ends, within).toEqual(['ECONNRESET'])
    expect(proxy.connections).toBe(0)
    const late = connect({ host: '127.0.0.1', port: proxy.port })
    const [error] = await once(late, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    proxy = await startProxy({ to: peer.port })
  })
})
