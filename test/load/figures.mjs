import { cpus, totalmem } from 'node:os'

// How a measurement is told: what varies by its smallest, median and largest.

/**
 * @param {readonly number[]} values
 * @param {number} [digits] after the point
 */
export const spread = (values, digits = 0) => {
  const sorted = [...values].sort((a, b) => a - b)
  const pick = (/** @type {number} */ at) => (sorted[at] ?? 0).toFixed(digits)
  return [pick(0), pick(Math.floor(sorted.length / 2)), pick(sorted.length - 1)].join(' / ')
}

export const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
