import type { Log } from '@holdpoint/log'

/** The same log with every topic's name behind a prefix, so that tests on one broker do not meet. */
export function prefixedLog(log: Log, prefix: string): Log {
  const out = (topic: string): string => `${prefix}${topic}`
  const back = <T extends { readonly topic: string }>(at: T): T => ({
    ...at,
    topic: at.topic.slice(prefix.length),
  })
  return {
    async writer() {
      const writer = await log.writer()
      return {
        append: (topic, records) => writer.append(out(topic), records),
        close: () => writer.close(),
      }
    },
    reader(options) {
      const reader = log.reader({ groupId: out(options.groupId), topics: options.topics.map(out) })
      return {
        start: (handlers) =>
          reader.start({
            onAssigned: async (partitions) => {
              const positions = await handlers.onAssigned(partitions.map(back))
              return new Map([...positions].map(([key, offset]) => [out(key), offset]))
            },
            onRevoked: (partitions) => handlers.onRevoked(partitions.map(back)),
            onBatch: (batch) => handlers.onBatch(back(batch)),
            onCrash: (error) => handlers.onCrash(error),
          }),
        seek: (at, offset) => reader.seek({ ...at, topic: out(at.topic) }, offset),
        commit: (at, offset) => reader.commit({ ...at, topic: out(at.topic) }, offset),
        stop: () => reader.stop(),
      }
    },
    async admin() {
      const admin = await log.admin()
      return {
        async describe(topics) {
          const found = await admin.describe(topics.map(out))
          return new Map(topics.map((topic) => [topic, found.get(out(topic)) ?? null]))
        },
        create: (spec) => admin.create({ ...spec, name: out(spec.name) }),
        configure: (topic, config) => admin.configure(out(topic), config),
        members: (groupId) => admin.members(out(groupId)),
        brokers: () => admin.brokers(),
        bounds: (topic) => admin.bounds(out(topic)),
        close: () => admin.close(),
      }
    },
    close: () => log.close(),
  }
}
