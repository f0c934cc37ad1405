export { alertHeaders, alertKey, encodeAlert } from './alert-codec.ts'
export {
  localCatalogue,
  type SchemaCatalogue,
  type WriterSchema,
} from './catalogue.ts'
export {
  type ControlOrder,
  type ControlParse,
  controlKeyOf,
  encodeControl,
  parseControl,
} from './control-wire.ts'
export { decodeDecision, encodeDecision } from './decision-codec.ts'
export { decisionHeaders, decisionToJson } from './decision-wire.ts'
export {
  CodecError,
  type ErrorCode,
  errorCodes,
  type FieldError,
  RegistryRefusedError,
  RegistryUnavailableError,
} from './errors.ts'
export { schemaIdOf } from './framing.ts'
export { decodeLogRecord, encodeLogRecord } from './log-record-codec.ts'
export { closings, detectionFinding, ocsfVersion } from './ocsf.ts'
export { partitionOf, recordKey } from './partition.ts'
export {
  applyPlan,
  type PlannedTopic,
  planTopics,
  type TopicAdmin,
  type TopicChange,
  type TopicPlan,
  type TopicPorts,
} from './plan-topics.ts'
export { decodeRaw, encodeRaw } from './raw-codec.ts'
export { type RegistryCatalogueOptions, registryCatalogue } from './registry-catalogue.ts'
export { confluentRegistry, type SchemaRegistryPort } from './registry-port.ts'
export { readSchemaFile } from './schema-files.ts'
export {
  deadLetterOf,
  decisionTopicOf,
  decisionTopics,
  rawTopicOf,
  rawTopics,
  subjectOf,
  type TopicDef,
  type TopicRole,
  topics,
  topicTable,
} from './topics.ts'
export {
  type IpTrust,
  ipTrusts,
  type ParseResult,
  parseRawEvent,
  type RawEvent,
} from './wire-event.ts'
export { parseRawJson } from './wire-json.ts'
export { eventBytesMax, eventDepthMax, idLimits, listLimits, textLimits } from './wire-limits.ts'
