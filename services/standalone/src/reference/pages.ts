/** Every page of `docs/reference`, by its path there. */
import { alertsPage } from './alerts.ts'
import { configurationPage } from './configuration.ts'
import { decisionsPage } from './decisions.ts'
import { detectorPages } from './detectors.ts'
import { errorCodesPage } from './error-codes.ts'
import { eventsPage } from './events.ts'
import { metricsPage } from './metrics.ts'

export const referencePages = (): ReadonlyMap<string, string> =>
  new Map<string, string>([
    ['events.md', eventsPage()],
    ['decisions.md', decisionsPage()],
    ['alerts.md', alertsPage()],
    ...detectorPages(),
    ['configuration.md', configurationPage()],
    ['metrics.md', metricsPage()],
    ['error-codes.md', errorCodesPage()],
  ])
