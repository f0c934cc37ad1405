import { createHash } from 'node:crypto'

/** The tenant that a request speaks for; null where its credential is missing or wrong. */
export type Authenticate = (authorization: string | undefined) => string | null

const bearer = /^Bearer +(\S+)$/i

/**
 * Bearer keys (RFC 6750 section 2.1). They are looked up by their hash, so that the time of a look-up
 * tells nothing of how much of a key is right.
 */
export function apiKeyAuthentication(
  keys: readonly { readonly key: string; readonly tenant: string }[],
): Authenticate {
  const tenants = new Map(keys.map(({ key, tenant }) => [sha256(key), tenant]))
  return (authorization) => {
    const key = bearer.exec(authorization ?? '')?.[1]
    return key === undefined ? null : (tenants.get(sha256(key)) ?? null)
  }
}

/** Everybody who reaches the port speaks for `tenant`: for loopback only. */
export const openAuthentication =
  (tenant: string): Authenticate =>
  () =>
    tenant

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')
