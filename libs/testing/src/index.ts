export { eventually, type EventuallyOptions } from './eventually.ts';
export { fakeClock, type FakeClock } from './fake-clock.ts';
