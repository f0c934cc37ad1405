/** When two clients count as one, and what differs where they do not. */
import type { Context } from './state.ts'

/** A client as an event names it and as a context keeps it. */
export type SeenClient = NonNullable<Context['client']>

export type ClientPiece = 'device' | 'os' | 'browser'

/** `mobile safari` and `safari` are one family: what "request desktop site" toggles. */
const familyOf = (browser: string): string => browser.replace(/^mobile | mobile$/, '')

/** What apps show web pages in, as the parser of user agents names it. */
const webViews = ['chrome webview', 'android browser', 'webkit']

/** An app, its web view and the browser that it logs in with, on one device: they speak by turns. */
const inOneApp = (a: SeenClient, b: SeenClient): boolean =>
  a.device !== 0 && a.device === b.device && (isWebViewOf(a, b) || isWebViewOf(b, a))

const isWebViewOf = (view: SeenClient, other: SeenClient): boolean =>
  webViews.includes(view.browser) && (other.kind === 'app' || other.os === view.os)

const browserDiffers = (a: SeenClient, b: SeenClient): boolean =>
  !inOneApp(a, b) &&
  a.browser !== '' &&
  b.browser !== '' &&
  a.browser !== b.browser &&
  familyOf(a.browser) !== familyOf(b.browser)

const deviceDiffers = (a: SeenClient, b: SeenClient): boolean =>
  a.device !== 0 && b.device !== 0 && a.device !== b.device

/** "Request desktop site" makes Android say Linux and iOS say macOS, in the same browser. */
const desktopModes: readonly (readonly string[])[] = [
  ['android', 'linux'],
  ['ios', 'macos'],
]

function osDiffers(a: SeenClient, b: SeenClient): boolean {
  if (a.os === 'unknown' || b.os === 'unknown' || a.os === b.os) return false
  if (browserDiffers(a, b) || deviceDiffers(a, b)) return true
  return !desktopModes.some((pair) => pair.includes(a.os) && pair.includes(b.os))
}

/** False only where both declare an app id and the two differ: clients are not compared across apps. */
export const sameApp = (a: SeenClient, b: SeenClient): boolean =>
  a.app === 0 || b.app === 0 || a.app === b.app

/**
 * What contradicts between two clients, empty where nothing does. Unknown matches anything, a
 * version never matters, and a desktop-mode switch is no change.
 */
export function clientChanges(a: SeenClient, b: SeenClient): readonly ClientPiece[] {
  const changes: ClientPiece[] = []
  if (deviceDiffers(a, b)) changes.push('device')
  if (osDiffers(a, b)) changes.push('os')
  if (browserDiffers(a, b)) changes.push('browser')
  return changes
}

/** An id settles whether a device is known; without one, its system and browser must not contradict. */
export const sameDevice = (a: SeenClient, b: SeenClient): boolean =>
  a.device !== 0 && b.device !== 0 ? a.device === b.device : clientChanges(a, b).length === 0

const switchesToProgram = (a: SeenClient, b: SeenClient): boolean =>
  (a.kind === 'browser' && b.kind === 'programmatic') ||
  (a.kind === 'programmatic' && b.kind === 'browser')

/**
 * True where both are the same client: the same app, and no piece contradicts. An equal device id
 * does not excuse another operating system or browser: it is a value that a thief copies along.
 */
export const sameClient = (a: SeenClient, b: SeenClient): boolean =>
  sameApp(a, b) &&
  !switchesToProgram(a, b) &&
  !deviceDiffers(a, b) &&
  !osDiffers(a, b) &&
  !browserDiffers(a, b)
