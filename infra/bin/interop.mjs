import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findStack } from '../stack/find.mjs'
import { requireTools, withRetries } from '../stack/tools.mjs'
import { MendableError, main, run, runHere, runOrExplain, say, step } from './lib/command.mjs'
import { startService } from './lib/service.mjs'
import { holdpointCommand, root, setUp } from './lib/workspace.mjs'

// Holdpoint seen by clients that share no code with it: a Python program and kcat.

const tools = [
  {
    name: 'Python 3.9 or newer with venv',
    command: 'python3',
    debianPackage: 'python3-venv',
    probe: ['-c', 'import ensurepip, sys; sys.exit(sys.version_info < (3, 9))'],
  },
  { name: 'kcat', command: 'kcat', debianPackage: 'kafkacat', probe: ['-V'] },
]

await main(async () => {
  await setUp()
  await requireTools(tools)
  const python = await pythonWithPackages()
  const stack = await findStack()
  const running = []
  try {
    const env = { HOLDPOINT_HASH_KEY: 'for-trials-only-give-your-own-key', ...stack.addresses }
    await step('applying the topics', () =>
      runOrExplain(process.execPath, [holdpointCommand, 'topics', 'apply'], {
        env: { ...process.env, ...env },
        timeoutMs: 60_000,
      }),
    )
    const ingestPorts = { HOLDPOINT_HTTP_PORT: '18484', HOLDPOINT_ADMIN_PORT: '19464' }
    running.push(await startService('ingest', { ...env, ...ingestPorts }))
    running.push(await startService('engine', { ...env, HOLDPOINT_ADMIN_PORT: '19465' }))
    const script = path.join(root, 'test/interop/foreign_client.py')
    const code = await runHere(python, [script], { env: { ...process.env, ...env } })
    return code === 0 ? await listWithKcat(stack.addresses.HOLDPOINT_KAFKA_BROKERS) : code
  } finally {
    for (const service of running.reverse()) await service.stop()
    await stack.release()
  }
})

/** Makes a Python of its own with the pinned packages, unless it is here. */
async function pythonWithPackages() {
  const requirements = path.join(root, 'test/interop/requirements.txt')
  const folder = path.join(root, '.stack/python')
  const python = path.join(folder, 'bin/python')
  const stamp = path.join(folder, 'requirements.txt')
  const wanted = readFileSync(requirements, 'utf8')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    await step('installing the Python packages', () =>
      withRetries(async () => {
        rmSync(folder, { recursive: true, force: true })
        await runOrExplain('python3', ['-m', 'venv', folder])
        await runOrExplain(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements])
      }),
    )
    writeFileSync(stamp, wanted)
  }
  return python
}

/**
 * Lists the step-ups as a person with kcat would, and looks for a CloudEvents header.
 *
 * @param {string} brokers
 */
async function listWithKcat(brokers) {
  const topic = 'session.stepup.required'
  const format = ['-f', '%k  %h\n']
  const consume = ['-C', '-q', '-e', '-o', 'beginning', '-b', brokers, '-t', topic, ...format]
  const { code, output } = await run('kcat', consume, { timeoutMs: 30_000 })
  if (code !== 0 || !output.includes(`ce_type=io.holdpoint.${topic}.v1`))
    throw new MendableError(`kcat does not list ${topic} (code ${code}):\n${output}`)
  say(`kcat lists ${topic}:`)
  console.log(output.trimEnd())
  return 0
}
