import { CodecError, decodeDecision, type SchemaCatalogue } from '@holdpoint/contracts'
import type { Decision } from '@holdpoint/risk'

/**
 * Reads a decision, fetching its schema where it is not at hand.
 * @throws CodecError where the record is no decision
 * @throws RegistryUnavailableError where the registry gives no answer now
 */
export async function readDecision(catalogue: SchemaCatalogue, bytes: Buffer): Promise<Decision> {
  try {
    return decodeDecision(catalogue, bytes)
  } catch (error) {
    if (!(error instanceof CodecError) || error.code !== 'schema_unknown') throw error
    if (error.schemaId === null || (await catalogue.fetch(error.schemaId)) === null) throw error
    return decodeDecision(catalogue, bytes)
  }
}
