/** What people do all day, and what the policy asks more for. */
import type { Deed } from './human.ts'
import type { Person } from './people.ts'

const routine: readonly Deed[] = [
  { name: 'orders.list', access: 'read' },
  { name: 'orders.view', access: 'read' },
  { name: 'documents.read', access: 'read' },
  { name: 'tickets.update', access: 'write' },
  { name: 'messages.send', access: 'write' },
  { name: 'invoices.view', access: 'read' },
]

export const look: Deed = { name: 'orders.list', access: 'read' }
export const exportCustomers: Deed = { name: 'customers.export', sensitive: true }
export const readSecret: Deed = { name: 'secrets.read', sensitive: true }
export const addPasskey: Deed = { name: 'passkeys.add', access: 'write', sensitive: true }
export const assignRole: Deed = { name: 'iam.role.assign', sensitive: true }
const adminDeeds: readonly Deed[] = [
  { name: 'admin.users.list', sensitive: true },
  { name: 'admin.settings.view', sensitive: true },
  exportCustomers,
  assignRole,
]

export const payment = (amount: number): Deed => ({
  name: 'payments.create',
  amount,
  currency: 'EUR',
  sensitive: true,
})

/** The next thing that a person does. */
export function nextDeed({ random, personas: has }: Person): Deed {
  const lot = random.next()
  if (lot < 0.02) return payment(20 + random.below(900))
  if (lot < 0.028) return payment(1_000 + random.below(9_000))
  if (lot < 0.068 && has.has('analyst')) return { name: 'reports.export', sensitive: true }
  if (lot < 0.07) return exportCustomers
  if (lot < 0.2 && has.has('admin')) return random.pick(adminDeeds)
  return random.pick(routine)
}
