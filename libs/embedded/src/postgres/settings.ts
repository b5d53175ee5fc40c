/** Postgres' own settings by name. https://www.postgresql.org/docs/18/runtime-config.html */
export type Settings = Readonly<Record<string, string | number>>;

/** For a shop on one machine: every safety on, memory and write-ahead log sized for bursts of small transactions. */
export const DEFAULT_SETTINGS: Settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: 200,
  shared_buffers: '256MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  wal_buffers: '16MB',
  // Checkpoints by time rather than by volume: each makes the pages touched next be written whole once more.
  max_wal_size: '2GB',
  min_wal_size: '256MB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: 0.9,
  // After a crash one call instead of opening every file: seconds less until orders flow again. Linux alone has it.
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
  // Neither replicas nor archives are fed.
  wal_level: 'minimal',
  max_wal_senders: 0,
  random_page_cost: 1.1,
  jit: 'off',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements may hold what does not belong into a log.
  log_min_error_statement: 'panic',
};
