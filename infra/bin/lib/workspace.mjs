import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MendableError, runOrExplain, step } from './command.mjs'

/** The repository's folder. */
export const root = path.resolve(import.meta.dirname, '../../..')

/** The `holdpoint` command, built by `setUp`. */
export const holdpointCommand = path.join(root, 'services/standalone/bin/holdpoint.mjs')

/**
 * Installs the packages when the lockfile is not the one installed last, then builds what has changed.
 * Needs Node and npm only: pnpm comes by npx.
 *
 * @throws {MendableError}
 */
export async function setUp() {
  const fault = nodeFault(process.versions.node)
  if (fault !== undefined) throw new MendableError(fault)
  await install()
  await step('building', () =>
    runOrExplain(bin('turbo'), ['run', 'build', '--output-logs=errors-only'], {
      cwd: root,
      env: toolEnv(),
    }),
  )
}

async function install() {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const stampFile = path.join(root, 'node_modules/.holdpoint-install')
  const stamp = createHash('sha256')
    .update(readFileSync(path.join(root, 'pnpm-lock.yaml')))
    .update(process.versions.modules)
    .digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  await step('installing packages', () =>
    runOrExplain('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
      cwd: root,
      env: toolEnv(),
    }),
  )
  writeFileSync(stampFile, stamp)
}

/**
 * The path of a tool that the install brought.
 *
 * @param {string} name
 */
export function bin(name) {
  return path.join(root, 'node_modules/.bin', name)
}

/**
 * The environment for the tools: CI keeps pnpm from asking, turbo finds pnpm on the PATH and tells nobody.
 *
 * @returns {NodeJS.ProcessEnv}
 */
function toolEnv() {
  return {
    ...process.env,
    PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}`,
    CI: 'true',
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    npm_config_loglevel: 'notice', // `npm --silent` would keep the reason of a failure from us
  }
}

/**
 * What is wrong with this Node, or undefined. The floor is package.json's `engines`.
 *
 * @param {string} version as in `20.20.2`
 * @returns {string | undefined}
 */
export function nodeFault(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return undefined
  return `Node ${version} is too old: Holdpoint needs Node 20.19 or newer (nodejs.org, or your version tool)`
}
