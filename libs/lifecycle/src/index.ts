export { systemClock, type Clock } from './clock.ts';
export {
  createLifecycle,
  type Component,
  type Host,
  type Lifecycle,
  type LifecycleLog,
  type LifecycleOptions,
} from './lifecycle.ts';
