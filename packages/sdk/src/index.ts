export type {
  DecisionHandler,
  DecisionSource,
  Delivery,
  SubscribeOptions,
  Subscription,
} from './options.ts'
export type { Posture } from './postures.ts'
export { subscribe } from './subscribe.ts'
