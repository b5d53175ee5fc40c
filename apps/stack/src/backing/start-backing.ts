import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { announceBacking } from '@stampede/embedded';
import type { Component } from '@stampede/lifecycle';
import type { Credentials } from '../credentials.ts';
import type { Program } from '../launch.ts';
import { supervise, type Supervised } from '../supervised.ts';

export interface Backing extends Component {
  /** Where etcd answers; known once started. */
  etcdEndpoints(): readonly string[];
}

export interface BackingOptions {
  readonly dataDir: string;
  /** The services that keep a database. */
  readonly databases: readonly string[];
  readonly credentials: Credentials;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/**
 * etcd and Postgres, each as a process of its own that is started again on its port when it ends, announced in `<data>/stack.json`.
 * Real servers take their places by URL: ETCD_ENDPOINTS, and `<SERVICE>_DATABASE_URL` for each service that has one.
 */
export function createBacking({ dataDir, databases, credentials, env, say }: BackingOptions): Backing {
  const supervision = { logDir: path.join(dataDir, 'logs'), say };
  const given = databaseUrls(env, databases);
  const embedded = databases.filter((name) => given[name] === undefined);
  const endpoints = (env['ETCD_ENDPOINTS'] ?? '').split(',').filter((endpoint) => endpoint !== '');
  const running: Supervised[] = [];
  let withdraw: (() => Promise<void>) | undefined;

  async function startProgram(name: string, task: object): Promise<unknown> {
    const supervised = supervise(program(name, task), supervision);
    running.push(supervised);
    return supervised.start();
  }

  return {
    name: 'backing services',
    etcdEndpoints: () => endpoints,
    async start() {
      const [etcd, postgres] = await Promise.all([
        endpoints.length > 0 ? undefined : startProgram('etcd', { dataDir: path.join(dataDir, 'etcd') }),
        embedded.length === 0
          ? undefined
          : startProgram('postgres', { dataDir: path.join(dataDir, 'postgres'), databases: embedded }),
      ]);
      if (etcd !== undefined) endpoints.push(`http://127.0.0.1:${(etcd as { port: number }).port}`);
      withdraw = await announceBacking({
        dataDir,
        backing: {
          etcdEndpoint: endpoints.join(','),
          databaseUrls: { ...(postgres as { urls: Record<string, string> } | undefined)?.urls, ...given },
          serviceSecret: credentials.serviceSecret,
          pid: process.pid,
        },
      });
    },
    async stop() {
      await withdraw?.();
      await Promise.all(running.map((supervised) => supervised.stop()));
    },
  };
}

function databaseUrls(env: NodeJS.ProcessEnv, databases: readonly string[]): Record<string, string> {
  const urls = databases.map(
    (name) => [name, env[`${name.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`] ?? ''] as const,
  );
  return Object.fromEntries(urls.filter(([, url]) => url !== ''));
}

function program(name: string, task: object): Program {
  return {
    name,
    entry: fileURLToPath(new URL(`./${name}-process.ts`, import.meta.url)),
    overIpc: true,
    env: (lastReady) => ({
      ...process.env,
      STAMPEDE_PROCESS: JSON.stringify({ ...task, port: (lastReady as { port: number } | undefined)?.port }),
    }),
  };
}
