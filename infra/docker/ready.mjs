// The container's health check: whether the service in it says that it is ready.
const port = process.env.HOLDPOINT_ADMIN_PORT
const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
  signal: AbortSignal.timeout(2_000),
})
process.exit(answer.ok ? 0 : 1)
