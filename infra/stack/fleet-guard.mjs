// Stops what its parent leaves behind, however that ends: the pipe between them closes even at kill -9.
import { stopLeftovers } from './leftovers.mjs'

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('the folder of a fleet must be given')
process.stdin.resume().on('close', () => stopLeftovers(dir))
