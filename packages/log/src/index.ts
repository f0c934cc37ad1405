export { type Assignment, createAssignment, type Owned } from './assignment.ts'
export { type EmbeddedLog, type EmbeddedLogOptions, embeddedLog } from './embedded-log.ts'
export { type KafkaLogOptions, kafkaLog } from './kafka-log.ts'
export * from './ports.ts'
