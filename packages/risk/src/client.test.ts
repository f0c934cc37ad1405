import { describe, expect, it } from 'vitest'
import { clientChanges, sameClient } from './client.ts'
import type { Client } from './event.ts'
import { client, python } from './testing/scene.ts'

const android = client({ os: 'android', browser: 'mobile chrome' })
const app = client({ kind: 'app', os: 'unknown', browser: 'okhttp' })
const webView = client({ os: 'android', browser: 'chrome webview' })
const under = (id: number, a: Client, b: Client): [Client, Client] => [
  { ...a, app: id, device: 0 },
  { ...b, app: id, device: 0 },
]
const iphone = client({ os: 'ios', browser: 'mobile safari' })

describe('two clients are the same where nothing contradicts', () => {
  it.each([
    ['equal', client(), client(), []],
    ['a version upgrade', client(), client({ version: 141 }), []],
    ['another fingerprint', client(), client({ fingerprint: 9 }), []],
    ['another device id', client(), client({ device: 9 }), ['device']],
    ['device id not told', client(), client({ device: 0 }), []],
    ['another system', client(), client({ os: 'linux', device: 0 }), ['os']],
    ['another system under a copied device id', client(), client({ os: 'linux' }), ['os']],
    ['system unknown', client(), client({ os: 'unknown' }), []],
    ['another browser', client(), client({ browser: 'firefox' }), ['browser']],
    ['browser unknown', client(), client({ browser: '' }), []],
    ['desktop mode on Android', android, client({ os: 'linux', device: 0 }), []],
    ['desktop mode on iOS', iphone, client({ os: 'macos', browser: 'safari' }), []],
    [
      'Android to Linux in another browser',
      android,
      client({ os: 'linux', browser: 'firefox' }),
      ['os', 'browser'],
    ],
    [
      'Android to Linux on another device',
      android,
      client({ os: 'linux', device: 9 }),
      ['device', 'os'],
    ],
    ['an app and its web view', app, webView, []],
    ['a web view and the browser beside it', webView, android, []],
    ['a web view on another device', app, { ...webView, device: 9 }, ['device', 'browser']],
    [
      'a web view on another system',
      { ...webView, os: 'ios' as const },
      android,
      ['os', 'browser'],
    ],
    ['an app and the browser that it logs in with', app, android, []],
    ['an app and its web view, device ids not told', ...under(1, app, webView), []],
    ['an app and its browser, device ids not told', ...under(1, app, android), []],
    ['an app and a browser on a desktop', ...under(1, app, client()), ['browser']],
    ['an app and a web view that name no app', ...under(0, app, webView), ['browser']],
    ['iOS to Linux', iphone, client({ os: 'linux', browser: 'safari' }), ['os']],
  ])('%s', (_name, a, b, changes) => {
    expect(clientChanges(a, b)).toEqual(changes)
    expect(clientChanges(b, a)).toEqual(changes)
    expect(sameClient(a, b)).toBe(changes.length === 0)
  })

  it.each([
    ['two apps', client({ app: 1 }), client({ app: 2 }), false],
    ['one app not told', client({ app: 1 }), client(), true],
    ['a program that hides its name', client(), { ...python, browser: '' }, false],
    ['two programs of one name', python, { ...python, version: 3 }, true],
  ])('%s', (_name, a, b, same) => {
    expect(sameClient(a, b)).toBe(same)
    expect(sameClient(b, a)).toBe(same)
  })
})
