import { describe, expect, it } from 'vitest'
import { toStateError } from './errors.ts'
import { StateError } from './ports.ts'

describe('a fault of Redis says whether waiting helps', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'redis_loading'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'redis_oom'],
    ["READONLY You can't write against a read only replica.", 'redis_readonly'],
    ['MOVED 3999 127.0.0.1:6381', 'redis_moved'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'redis_tryagain'],
    ['CLUSTERDOWN The cluster is down', 'redis_clusterdown'],
    ['NOREPLICAS Not enough good replicas to write.', 'redis_noreplicas'],
    ['Command timed out', 'redis_unreachable'],
    ['Connection is closed.', 'redis_unreachable'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'redis_unreachable'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'redis_unreachable'],
    ['Reached the max retries per request limit (which is 0).', 'redis_unreachable'],
  ])('%s: it does', (message, code) => {
    expect(toStateError(new Error(message), 'commit', true)).toMatchObject({
      code,
      transient: true,
      unknown: true,
      message: expect.stringContaining(message),
    })
  })

  it.each(['WRONGTYPE Operation against a key', 'NOAUTH Authentication required.', 'ERR no'])(
    '%s: it does not',
    (message) => {
      expect(toStateError(new Error(message), 'open', false)).toMatchObject({
        code: 'redis_refused',
        transient: false,
        unknown: false,
      })
    },
  )

  it('an error of our own keeps what it says', () => {
    const own = new StateError('state_corrupt', 'x')
    expect(toStateError(own, 'open', true)).toBe(own)
  })
})
