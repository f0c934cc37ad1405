/** How long what is not seen again is remembered, ms of decision time. */

const hourMs = 3_600_000

export const profileLifeMs = 90 * 24 * hourMs
/** After a session's last event. Workloads and agents, too, are remembered as sessions are. */
export const sessionLifeMs = 48 * hourMs
/** What never logged in. */
export const unauthenticatedLifeMs = hourMs
