export { startAdminServer, type AdminServer, type AdminServerOptions } from './admin-server.ts';
export { createLogger, silentLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createMetrics, type Metrics, type Registry } from './metrics.ts';
export {
  childOf,
  formatTraceparent,
  newTrace,
  parseTraceparent,
  randomHex,
  type TraceContext,
} from './trace-context.ts';
