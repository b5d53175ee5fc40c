export { createBatcher, type Batcher, type BatcherLimits, type BatcherOptions } from './batcher.ts';
