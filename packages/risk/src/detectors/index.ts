/** The registry, in the order of the families. A new detector is added here, and nowhere else. */
import type { Detector } from '../detector.ts'
import { anonymizer } from './anonymizer.ts'
import { authenticatorChanged } from './authenticator-changed.ts'
import { clientSwitched } from './client-switched.ts'
import { delegationStale } from './delegation-stale.ts'
import { deviceChanged } from './device-changed.ts'
import { failedBurst } from './failed-burst.ts'
import { failedLogins } from './failed-logins.ts'
import { fingerprintChanged } from './fingerprint-changed.ts'
import { habit } from './habit.ts'
import { impossibleTravel } from './impossible-travel.ts'
import { newCountry } from './new-country.ts'
import { newNetwork } from './new-network.ts'
import { nonCompliant } from './non-compliant.ts'
import { outsideRevocation } from './outside-revocation.ts'
import { overPrivileged } from './over-privileged.ts'
import { parentRevoked } from './parent-revoked.ts'
import { privilegeJump } from './privilege-jump.ts'
import { proofMismatch } from './proof-mismatch.ts'
import { refreshTokenReused } from './refresh-token-reused.ts'
import { sessionSubjectMismatch } from './session-subject-mismatch.ts'
import { staleCredential } from './stale-credential.ts'
import { stepUpLoop } from './step-up-loop.ts'
import { tokenReplayed } from './token-replayed.ts'
import { travelAcrossSessions } from './travel-across-sessions.ts'
import { usedAfterEnd } from './used-after-end.ts'

export const detectors: readonly Detector[] = [
  impossibleTravel,
  travelAcrossSessions,
  newCountry,
  newNetwork,
  anonymizer,
  deviceChanged,
  fingerprintChanged,
  clientSwitched,
  tokenReplayed,
  proofMismatch,
  refreshTokenReused,
  sessionSubjectMismatch,
  parentRevoked,
  usedAfterEnd,
  outsideRevocation,
  privilegeJump,
  authenticatorChanged,
  staleCredential,
  failedBurst,
  failedLogins,
  nonCompliant,
  delegationStale,
  habit,
  overPrivileged,
  stepUpLoop,
]
