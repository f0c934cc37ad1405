/**
 * @typedef {object} Broken a promise that was not kept
 * @property {string} promise
 * @property {number} count
 * @property {readonly string[]} examples
 */

const examplesMax = 10

/**
 * @param {string} name
 * @param {readonly string[]} cases in which it was broken; none where it was kept
 * @returns {Broken}
 */
export const promise = (name, cases) => ({
  promise: name,
  count: cases.length,
  examples: cases.slice(0, examplesMax),
})
