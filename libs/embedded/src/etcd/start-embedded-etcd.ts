import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { systemClock, type Clock } from '@stampede/lifecycle';
import { claimFolder } from '../process/claim-folder.ts';
import { silent, type EmbeddedLog } from '../embedded-log.ts';
import { answerFrom } from './answer.ts';
import { etcdDefinitions } from './etcd-definitions.ts';
import { createEtcdNode, type EtcdNode } from './etcd-node.ts';
import { noJournal, openJournal, type OpenedJournal } from './journal.ts';
import { kvService, MAX_REQUEST_BYTES } from './kv-service.ts';
import { leaseService } from './lease-service.ts';
import { clusterService, maintenanceService } from './member-services.ts';
import { OpenStreams } from './open-streams.ts';
import { watchService } from './watch-service.ts';

/** Milliseconds that calls under way get to end when the server stops. */
const STOP_GRACE = 1_000;

export interface EmbeddedEtcdOptions {
  /** Keys without a lease are kept in the folder `etcd` inside; in memory only if absent. One process at a time may use it. */
  readonly dataDir?: string;
  /** 127.0.0.1 if absent. */
  readonly host?: string;
  /** A free one if absent or 0. */
  readonly port?: number;
  readonly log?: EmbeddedLog;
  readonly clock?: Clock;
  /** Revisions that stay readable and watchable; 10,000 if absent. Older ones are compacted by and by. */
  readonly historyRevisions?: number;
  /** Bytes of superseded versions kept at most, whatever `historyRevisions` says; 64 MiB if absent. */
  readonly historyBytes?: number;
  /** Bytes of live keys and values above which a put is refused with etcd's "database space exceeded"; 512 MiB if absent. */
  readonly quotaBytes?: number;
  /** Milliseconds between progress notifications of a watch that asked for them; 10 minutes if absent, as in etcd. */
  readonly progressNotifyMs?: number;
}

export interface EmbeddedEtcd {
  /** For example `http://127.0.0.1:2379`. */
  readonly endpoint: string;
  /** Ends streams with UNAVAILABLE, lets other calls end, writes what is pending, and frees the port and the folder. */
  stop(): Promise<void>;
}

/**
 * Starts a server of etcd's v3 gRPC API: one node, without raft, TLS and authentication. Rejects with DataDirInUseError where another living
 * process uses the folder, with JournalDamagedError where what is in it cannot be read, and where the port is taken.
 *
 * @example
 * const etcd = await startEmbeddedEtcd({ dataDir: '.stampede' });
 * const client = new Etcd3({ hosts: etcd.endpoint });
 */
export async function startEmbeddedEtcd(options: EmbeddedEtcdOptions = {}): Promise<EmbeddedEtcd> {
  const { dataDir, host = '127.0.0.1', port = 0, log = silent, clock = systemClock } = options;
  const { journal, restored, unclaim } = await openFolder(dataDir, log);
  const node = createEtcdNode({
    clock,
    journal,
    restored,
    randomId,
    history: { revisions: options.historyRevisions ?? 10_000, bytes: options.historyBytes ?? 64 * 1024 * 1024 },
    quotaBytes: options.quotaBytes ?? 512 * 1024 * 1024,
  });
  const close = async () => {
    try {
      await node.close();
    } finally {
      await unclaim();
    }
  };
  try {
    const server = await serve(node, { host, port, log, progressNotifyMs: options.progressNotifyMs ?? 600_000 });
    log.info({ endpoint: server.endpoint, dataDir, revision: node.keys.revision }, 'the embedded etcd is ready');
    let stopped: Promise<void> | undefined;
    return { endpoint: server.endpoint, stop: () => (stopped ??= server.stop().then(close)) };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OpenedFolder extends OpenedJournal {
  readonly unclaim: () => Promise<void>;
}

async function openFolder(dataDir: string | undefined, log: EmbeddedLog): Promise<OpenedFolder> {
  if (dataDir === undefined) return { journal: noJournal, restored: undefined, unclaim: () => Promise.resolve() };
  const folder = join(dataDir, 'etcd');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unclaim = await claimFolder(folder);
  try {
    return { ...(await openJournal(folder, log)), unclaim };
  } catch (error) {
    await unclaim();
    throw error;
  }
}

interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly log: EmbeddedLog;
  readonly progressNotifyMs: number;
}

async function serve(node: EtcdNode, { host, port, log, progressNotifyMs }: ServeOptions): Promise<EmbeddedEtcd> {
  const server = new Server({
    // Above etcd's bound for a request, which is refused in words of its own.
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES + 512 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
    // Finds clients that are gone without a word.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  const answer = answerFrom(node, log);
  const streams = new OpenStreams();
  let endpoint = '';
  const definitions = etcdDefinitions();
  server.addService(definitions.KV, kvService(node, answer));
  server.addService(definitions.Lease, leaseService(node, streams, answer));
  server.addService(definitions.Watch, watchService(node, streams, { progressNotifyMs, random: Math.random }));
  server.addService(
    definitions.Cluster,
    clusterService(node, answer, () => endpoint),
  );
  server.addService(definitions.Maintenance, maintenanceService(node, answer));
  const name = host.includes(':') ? `[${host}]` : host;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${name}:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
      if (error === null) resolve(actual);
      else reject(error);
    });
  });
  endpoint = `http://${name}:${bound}`;
  return {
    endpoint,
    stop() {
      streams.stop();
      return new Promise((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), STOP_GRACE);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}

function randomId(): string {
  const id = randomBytes(8).readBigUInt64BE() >> 1n;
  return id === 0n ? '1' : String(id);
}
