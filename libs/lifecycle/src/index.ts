export { systemClock, type Clock } from './clock.ts';
export {
  createLifecycle,
  STOP_TIMEOUT_MS,
  type Component,
  type Host,
  type Lifecycle,
  type LifecycleLog,
  type LifecycleOptions,
} from './lifecycle.ts';
