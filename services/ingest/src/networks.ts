/**
 * What kind of network an address belongs to. The operator's lists come first, then the shipped lists
 * of systems; what no list names is `unknown`, never guessed.
 */
import { readFileSync } from 'node:fs'
import { type NetworkKind, networkKinds } from '@holdpoint/risk'
import { z } from 'zod'
import { type Address, parseBlock } from './address.ts'
import type { AsnTable } from './asn-table.ts'
import { type Block, flatten, intervalAt } from './intervals.ts'

export interface NetworkFacts {
  readonly kind: NetworkKind
  /** 0 when unknown. */
  readonly asn: number
}

/**
 * @param address null where only the system is known
 * @param asn the system that the event states, which wins over the table's
 */
export type Networks = (address: Address | null, asn?: number) => NetworkFacts

/** An operator's lists: CIDR blocks or single addresses, and systems, by kind. The narrowest block wins. */
export const networkListsSchema = z.strictObject({
  cidrs: z.partialRecord(z.enum(networkKinds), z.array(z.string())).default({}),
  asns: z.partialRecord(z.enum(networkKinds), z.array(z.int().positive())).default({}),
})
export type NetworkLists = z.output<typeof networkListsSchema>

const systemsSchema = z.record(z.string(), z.string())
const shippedSchema = z.object({
  hosting: systemsSchema,
  vpn: systemsSchema,
  relay: systemsSchema,
  satellite: systemsSchema,
  mobile: systemsSchema,
})

/** @param asns null where the table is not to be loaded: then all systems are unknown */
export function createNetworks(asns: AsnTable | null, lists: NetworkLists): Networks {
  const kindOfAsn = new Map(shippedSystems())
  for (const [kind, numbers] of Object.entries(lists.asns)) {
    for (const asn of numbers ?? []) kindOfAsn.set(asn, kind as NetworkKind)
  }
  const kindAt = blockLookup(lists)
  return (address, stated) => {
    const asn = stated ?? (address?.global ? (asns?.lookup(address) ?? 0) : 0)
    const listed = address === null ? undefined : kindAt(address)
    return { asn, kind: listed ?? kindOfAsn.get(asn) ?? 'unknown' }
  }
}

/**
 * Reads an operator's lists.
 * @throws Error that names the file, the place in it and the mend
 */
export function readNetworkLists(file: string): NetworkLists {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`network lists ${file}: ${(error as Error).message}`)
  }
  const parsed = networkListsSchema.safeParse(content)
  if (!parsed.success) {
    throw new Error(`network lists ${file}: ${z.prettifyError(parsed.error)}`)
  }
  for (const [kind, blocks] of Object.entries(parsed.data.cidrs)) {
    for (const [index, block] of (blocks ?? []).entries()) {
      if (parseBlock(block) === null) {
        throw new Error(
          `network lists ${file}: cidrs.${kind}[${index}] is "${block}", expected a block such as 203.0.113.0/24 or 2001:db8::/32`,
        )
      }
    }
  }
  return parsed.data
}

export const noNetworkLists: NetworkLists = { cidrs: {}, asns: {} }

function shippedSystems(): readonly (readonly [asn: number, kind: NetworkKind])[] {
  const file = new URL('../data/network-asns.json', import.meta.url)
  const lists = shippedSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  return Object.entries(lists).flatMap(([kind, systems]) =>
    Object.keys(systems).map((asn) => [Number(asn), kind as NetworkKind] as const),
  )
}

function blockLookup(lists: NetworkLists): (address: Address) => NetworkKind | undefined {
  const blocks: Record<4 | 6, Block<NetworkKind>[]> = { 4: [], 6: [] }
  for (const [kind, texts] of Object.entries(lists.cidrs)) {
    for (const text of texts ?? []) {
      const block = parseBlock(text)
      if (block !== null) blocks[block.family].push({ ...block, value: kind as NetworkKind })
    }
  }
  const tables = { 4: tableOf(blocks[4]), 6: tableOf(blocks[6]) }
  return ({ family, bits }) => {
    const { starts, ends, kinds } = tables[family]
    return kinds[intervalAt(starts, ends, bits)]
  }
}

function tableOf(blocks: readonly Block<NetworkKind>[]) {
  const flat = flatten(blocks)
  return {
    starts: flat.map((block) => block.first),
    ends: flat.map((block) => block.last),
    kinds: flat.map((block) => block.value),
  }
}
