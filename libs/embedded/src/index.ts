export { DataDirInUseError } from './postgres/claim.ts';
export { removeEmbeddedPostgres } from './postgres/cluster-place.ts';
export type { EmbeddedLog } from './postgres/embedded-log.ts';
export { DEFAULT_SETTINGS, type Settings } from './postgres/settings.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './postgres/start-embedded-postgres.ts';
