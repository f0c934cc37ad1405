import kafkajs, { type PartitionAssigner } from 'kafkajs'

/**
 * Partition p of every topic goes to member p modulo members, members in the order of their ids. kafkajs's
 * own assigner deals over the concatenated list of topics, so equal partitions seldom meet on one member.
 */
export const moduloAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'HoldpointModulo',
  version: 0,
  assign({ members, topics }) {
    const ids = members.map(({ memberId }) => memberId).sort()
    const shares = ids.map((_, index) =>
      Object.fromEntries(
        topics.map((topic) => [
          topic,
          cluster
            .findTopicPartitionMetadata(topic)
            .map(({ partitionId }) => partitionId)
            .filter((partition) => partition % ids.length === index),
        ]),
      ),
    )
    return Promise.resolve(
      ids.map((memberId, index) => ({
        memberId,
        memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment: shares[index] ?? {},
          userData: Buffer.alloc(0),
        }),
      })),
    )
  },
  protocol({ topics }) {
    return {
      name: 'HoldpointModulo',
      metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({
        version: 0,
        topics,
        userData: Buffer.alloc(0),
      }),
    }
  },
})
