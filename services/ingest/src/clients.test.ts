import { describe, expect, it } from 'vitest'
import { createClients } from './clients.ts'

const client = createClients()

const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'

describe('clients', () => {
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome}`, 'browser', 'windows', 'chrome', 131],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${chrome}`,
      'browser',
      'macos',
      'chrome',
      131,
    ],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome}`, 'browser', 'chromeos', 'chrome', 131],
    [
      'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
      'browser',
      'linux',
      'firefox',
      132,
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'browser',
      'ios',
      'mobile safari',
      18,
    ],
    [
      `Mozilla/5.0 (X11; Linux x86_64) ${chrome.replace('Chrome', 'HeadlessChrome')}`,
      'programmatic',
      'linux',
      'headless chrome',
      131,
    ],
    ['curl/8.10.1', 'programmatic', 'unknown', 'curl', 8],
    ['python-requests/2.32.3', 'programmatic', 'unknown', 'python-requests', 2],
    ['Python-urllib/3.12', 'programmatic', 'unknown', 'python-urllib', 3],
    ['Python/3.12 aiohttp/3.10.1', 'programmatic', 'unknown', 'aiohttp', 3],
    ['Go-http-client/2.0', 'programmatic', 'unknown', 'go-http-client', 2],
    ['Java/21.0.1', 'programmatic', 'unknown', 'java', 21],
    ['axios/1.7.7', 'programmatic', 'unknown', 'axios', 1],
    ['PostmanRuntime/7.42.0', 'programmatic', 'unknown', 'postman', 7],
    ['Wget/1.21.4 (linux-gnu)', 'programmatic', 'linux', 'wget', 1],
    ['okhttp/4.12.0', 'app', 'unknown', 'okhttp', 4],
    ['Bank/42 CFNetwork/1568.200.51 Darwin/24.1.0', 'app', 'ios', 'cfnetwork', 1568],
    ['', 'unknown', 'unknown', '', 0],
    ['something else', 'unknown', 'unknown', '', 0],
  ])('reads %s', (userAgent, kind, os, browser, version) => {
    expect(client(userAgent)).toEqual({ kind, os, browser, version })
  })

  it('reads no more than 512 bytes of a text, however it was made', () => {
    const begun = performance.now()
    for (let n = 0; n < 200; n++)
      client(`Mozilla/5.0 (${' '.repeat(10_000)}${n}) ${'A/1 '.repeat(1000)}`)
    // All 200 are one text after the cut: parsed once.
    expect(performance.now() - begun).toBeLessThan(100)
    expect(client(`${'é'.repeat(400)} curl/8`)).toMatchObject({ kind: 'unknown' })
  })
})
