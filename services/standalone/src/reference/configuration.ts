import { engineConfig } from '@holdpoint/engine'
import { ingestConfig } from '@holdpoint/ingest'
import type { ConfigSchema } from '@holdpoint/runtime'
import { rebaseConfig } from '../commands/rebase.ts'
import { stateConfig } from '../commands/state.ts'
import { doctorConfig } from '../doctor/doctor.ts'
import { topicsConfig } from '../topics/apply.ts'
import { code, page, section, table } from './markdown.ts'

export function configurationPage(): string {
  return page(
    'Configuration',
    'Environment variables. All faults are reported at once, by name. Each variable may come from a file instead: `<NAME>_FILE` names it. An empty value counts as unset. `holdpoint dev` needs none of them: it has flags.',
    variables('ingest', ingestConfig),
    variables('engine', engineConfig),
    variables('holdpoint topics apply, holdpoint dlq', topicsConfig),
    variables('holdpoint rebase', rebaseConfig),
    variables('holdpoint state show', stateConfig),
    variables('holdpoint doctor', doctorConfig),
  )
}

function variables(reader: string, schema: ConfigSchema): string {
  const rows = Object.values(schema).map((variable) => [
    code(variable.name),
    variable.default === null
      ? variable.optional
        ? 'unset'
        : '**required**'
      : code(variable.default),
    variable.expected,
    `${variable.description}${variable.secret ? ' Never printed.' : ''}`,
  ])
  return section(reader, table(['variable', 'default', 'expected', 'meaning'], rows))
}
