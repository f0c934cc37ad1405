export type { Posture } from './postures.ts'
export {
  type DecisionHandler,
  type DecisionSource,
  type Delivery,
  type SubscribeOptions,
  type Subscription,
  subscribe,
} from './subscribe.ts'
