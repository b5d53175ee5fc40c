export { createBatcher, type Batcher, type BatcherLimits, type BatcherOptions, type Linger } from './batcher.ts';
export { createGate, type Gate, type GateLimits, type GateOptions } from './gate.ts';
