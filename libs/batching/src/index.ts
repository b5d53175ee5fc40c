export { createBatcher, type Batcher, type BatcherLimits, type BatcherOptions, type Linger } from './batcher.ts';
