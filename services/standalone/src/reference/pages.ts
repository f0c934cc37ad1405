/** Every page of `docs/reference`, by file name. */
import { alertsPage } from './alerts.ts'
import { configurationPage } from './configuration.ts'
import { decisionsPage } from './decisions.ts'
import { detectorsPage } from './detectors.ts'
import { errorCodesPage } from './error-codes.ts'
import { eventsPage } from './events.ts'
import { metricsPage } from './metrics.ts'

export const referencePages = (): ReadonlyMap<string, string> =>
  new Map([
    ['events.md', eventsPage()],
    ['decisions.md', decisionsPage()],
    ['alerts.md', alertsPage()],
    ['detectors.md', detectorsPage()],
    ['configuration.md', configurationPage()],
    ['metrics.md', metricsPage()],
    ['error-codes.md', errorCodesPage()],
  ])
