import { cpSync, mkdirSync, rmSync } from 'node:fs'

/** @typedef {import('./fleet-node.mjs').Node} Node */

/**
 * Copies a Redis node's data folder aside, as a backup does, while it runs. All that it has acknowledged is
 * in the copy: Redis writes to its append-only file before it answers, only grows it here (the fleet
 * switches rewrites off), and drops half a command at its end when it reads it.
 *
 * @param {Pick<Node, 'dataDir'>} node
 * @param {string} to a folder; what is in it is lost
 */
export function snapshot({ dataDir }, to) {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  cpSync(dataDir, to, { recursive: true })
}

/**
 * Puts an older data folder back: kills the node, replaces its data, and starts it. Its replica copies from
 * it what it has now. Its role, and its view of the cluster, stay as they are.
 *
 * @param {Node} node
 * @param {string} from what `snapshot` made
 */
export async function restore(node, from) {
  await node.kill()
  rmSync(node.dataDir, { recursive: true, force: true })
  cpSync(from, node.dataDir, { recursive: true })
  await node.start()
}
