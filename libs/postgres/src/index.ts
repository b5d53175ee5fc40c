export {
  boolArray,
  byteaArray,
  float8Array,
  int4Array,
  int8Array,
  jsonbArray,
  textArray,
  timestampArray,
  uuidArray,
} from './array-parameters.ts';
export { awaitDatabase, type AwaitDatabaseOptions } from './await-database.ts';
export { CommitUnknownError } from './commit-unknown-error.ts';
export { connectDatabase, type DatabaseOptions } from './connect-database.ts';
export { isCheckViolation, isForeignKeyViolation, isUniqueViolation } from './constraints.ts';
export { isContended, sqlState } from './database-error.ts';
export type { DatabaseLog } from './database-log.ts';
export { awaitMigrations, migrate, type MigrateOptions } from './migrate.ts';
export { MigrationAlteredError } from './migration-history.ts';
export { createOptimistic, type OptimisticOptions } from './optimistic.ts';
export type { Database, Queryable, QueryOptions, TransactionOptions } from './queryable.ts';
