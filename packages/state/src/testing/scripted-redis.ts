import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface ScriptedRedis {
  readonly port: number
  /** Names of the commands executed, lower case, in order. */
  readonly executed: readonly string[]
  /** Connections that were ever accepted. */
  readonly connections: () => number
  /** While true it executes and does not answer, like a peer behind a half-open connection. */
  mute(on: boolean): void
  /** Cuts every connection. */
  cut(): void
  /** Answers this command (lower case) with this error from now on. */
  refuse(command: string, error: string): void
  close(): Promise<void>
}

/**
 * As much of Redis as a connection needs, alone or as the only node of a cluster, with answers on cue: it
 * counts what was executed, which tells a command that was sent again or late from one that was not.
 */
export async function scriptedRedis(): Promise<ScriptedRedis> {
  const sockets = new Set<Socket>()
  const executed: string[] = []
  const refusals = new Map<string, string>()
  let connections = 0
  let muted = false

  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    let rest = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      const { commands, left } = parse(Buffer.concat([rest, bytes]))
      rest = left
      for (const words of commands) {
        const answer = execute(words)
        if (!muted) socket.write(answer)
      }
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  function execute(words: readonly string[]): string {
    const name = words[0]?.toLowerCase() ?? ''
    const refusal = refusals.get(name)
    if (refusal !== undefined) return `-${refusal}\r\n`
    switch (name) {
      case 'hello':
        return `%1\r\n${bulk('server')}${bulk('redis')}`
      case 'info':
        return bulk('redis_version:7.0.15\r\nloading:0\r\n')
      case 'cluster':
        if (words[1]?.toLowerCase() === 'info') return bulk('cluster_state:ok\r\n')
        return `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${bulk('127.0.0.1')}:${port}\r\n`
      case 'incr':
        executed.push(name)
        return `:${executed.length}\r\n`
      default:
        return '+OK\r\n'
    }
  }

  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    executed,
    connections: () => connections,
    mute: (on) => {
      muted = on
    },
    cut,
    refuse: (command, error) => refusals.set(command, error),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

/** Whole commands at the front of the bytes: arrays of bulk strings, as every client sends them. */
function parse(bytes: Buffer): { commands: string[][]; left: Buffer<ArrayBuffer> } {
  const commands: string[][] = []
  let from = 0
  for (;;) {
    let at = from
    const line = (): string | null => {
      const end = bytes.indexOf('\r\n', at)
      if (end < 0) return null
      const text = bytes.toString('latin1', at, end)
      at = end + 2
      return text
    }
    const count = line()
    if (count === null) break
    const words: string[] = []
    for (let n = Number(count.slice(1)); n > 0; n--) {
      const length = Number(line()?.slice(1) ?? Number.NaN)
      if (Number.isNaN(length) || at + length + 2 > bytes.length) break
      words.push(bytes.toString('utf8', at, at + length))
      at += length + 2
    }
    if (words.length < Number(count.slice(1))) break
    commands.push(words)
    from = at
  }
  return { commands, left: Buffer.from(bytes.subarray(from)) }
}
