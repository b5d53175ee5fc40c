export { announceBacking, type AnnounceBackingOptions } from './backing/announce-backing.ts';
export {
  BackingNotFoundError,
  locateBacking,
  type Backing,
  type LocateBackingOptions,
  type Need,
} from './backing/locate-backing.ts';
export { startEmbeddedEtcd, type EmbeddedEtcd, type EmbeddedEtcdOptions } from './etcd/start-embedded-etcd.ts';
export { JournalDamagedError } from './etcd/journal-format.ts';
export { claimFolder, DataDirInUseError, ownerOf } from './process/claim-folder.ts';
export { removeEmbeddedPostgres } from './postgres/cluster-place.ts';
export type { EmbeddedLog } from './embedded-log.ts';
export { DEFAULT_SETTINGS, type Settings } from './postgres/settings.ts';
export {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './postgres/start-embedded-postgres.ts';
