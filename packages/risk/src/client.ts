/** When two clients count as one, and what differs where they do not. */
import type { Context } from './state.ts'

/** A client as an event names it and as a context keeps it. */
export type SeenClient = NonNullable<Context['client']>

export type ClientPiece = 'device' | 'os' | 'browser'

/** `mobile safari` and `safari` are one family: what "request desktop site" toggles. */
const familyOf = (browser: string): string => browser.replace(/^mobile | mobile$/, '')

/** What apps show web pages in, as the parser of user agents names it. */
const webViews = ['chrome webview', 'android browser', 'webkit']

/** An app, its web view and the browser that it logs in with speak by turns: on one device id, or on a phone under one app id. */
function inOneApp(a: SeenClient, b: SeenClient): boolean {
  const [part, other] = isPartOfApp(a) ? [a, b] : [b, a]
  if (!isPartOfApp(part) || deviceDiffers(a, b)) return false
  const oneSystem = part.os === other.os || part.os === 'unknown' || other.kind === 'app'
  if (a.device !== 0 && a.device === b.device) return oneSystem
  return oneSystem && a.app !== 0 && a.app === b.app && [a, b].every(mayBePhone)
}

const isPartOfApp = ({ kind, browser }: SeenClient): boolean =>
  kind === 'app' || webViews.includes(browser)

/** Libraries of apps often do not tell their system. */
const mayBePhone = ({ os, kind }: SeenClient): boolean =>
  os === 'android' || os === 'ios' || (os === 'unknown' && kind === 'app')

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

/** True where both name one device and show one fingerprint: the same machine, as far as anybody can tell. */
export const sameMachine = (a: SeenClient, b: SeenClient): boolean =>
  a.device !== 0 && a.device === b.device && a.fingerprint !== 0 && a.fingerprint === b.fingerprint

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
