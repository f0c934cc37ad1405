import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { runOrExplain, step } from '../bin/lib/command.mjs'
import { withRetries } from './tools.mjs'

const pom = path.join(import.meta.dirname, 'maven/pom.xml')

/** The versions of Kafka and the registry, as the POM pins them. */
export const versions = readVersions(readFileSync(pom, 'utf8'))

/** @param {string} text */
function readVersions(text) {
  const version = (/** @type {string} */ part) => {
    const found = new RegExp(`<${part}\\.version>([^<]+)<`).exec(text)?.[1]
    if (found === undefined) throw new Error(`${pom} names no ${part}.version`)
    return found
  }
  return { kafka: version('kafka'), registry: version('registry') }
}

/** @typedef {{ kafkaClasspath: string, registryJar: string }} Downloads */

/**
 * Fetches Kafka and the registry through Maven, unless these versions are here.
 *
 * @param {string} stackDir
 * @returns {Promise<Downloads>}
 */
export async function download(stackDir) {
  const lib = path.join(stackDir, `lib/kafka-${versions.kafka}-registry-${versions.registry}`)
  if (!existsSync(lib)) {
    // A folder of its own until all is there: what an interrupted download left is never taken for whole.
    const unfinished = `${lib}.unfinished`
    await step(
      `downloading Kafka ${versions.kafka} and the registry ${versions.registry} (160 MB)`,
      () =>
        withRetries(() => {
          rmSync(unfinished, { recursive: true, force: true })
          return runOrExplain('mvn', [
            '--batch-mode',
            '--no-transfer-progress',
            '--update-snapshots', // also asks again for what a mirror refused a moment ago
            `--file=${pom}`,
            `-Dstack.lib=${unfinished}`,
            'package',
          ])
        }),
    )
    renameSync(unfinished, lib)
  }
  return {
    kafkaClasspath: path.join(lib, 'kafka/*'),
    registryJar: path.join(lib, `registry/apicurio-registry-app-${versions.registry}-runner.jar`),
  }
}
