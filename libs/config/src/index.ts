export type { ConfigReason } from './config-error.ts';
export { loadConfig, type Config, type LoadConfigOptions } from './load-config.ts';
