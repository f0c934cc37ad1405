/** What a fault took back is read from the node itself. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { positionsAt, wentBack } from './positions.mjs'

const server = createServer()
afterEach(() => server.close())

it('reads the positions that a node holds, and no others', async () => {
  // Of a cluster: one partition is elsewhere, one was never committed.
  const replies = '+OK\r\n$2\r\n17\r\n-MOVED 1 127.0.0.1:1\r\n$-1\r\n$1\r\n5\r\n+OK\r\n'
  server.on('connection', (socket) => socket.once('data', () => socket.end(replies)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const positions = await positionsAt({ port }, { generation: 1, partitions: 4 })
  expect([...positions]).toEqual([
    [0, 17],
    [3, 5],
  ])
})

it('tells whether any went back', () => {
  const earlier = new Map([
    [0, 17],
    [3, 5],
  ])
  expect(wentBack(earlier, new Map([[3, 4]]))).toBe(true)
  expect(
    wentBack(
      earlier,
      new Map([
        [3, 5],
        [4, 0],
      ]),
    ),
  ).toBe(false)
  expect(wentBack(earlier, new Map())).toBe(false)
})
