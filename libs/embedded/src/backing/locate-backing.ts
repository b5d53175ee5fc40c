import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silent, type EmbeddedLog } from '../embedded-log.ts';
import { identityOf } from '../process/identity-of.ts';
import { readAnnouncement, type Announcement } from './announcement.ts';
import { answers } from './answers.ts';

/** Where a service finds what stands behind it. */
export interface Backing {
  readonly etcdEndpoints: string[];
  /** Absent where the stack has no database for the service. */
  readonly databaseUrl?: string;
  readonly serviceSecret?: string;
}

export type Need = 'etcd' | 'database' | 'secret';

export interface LocateBackingOptions {
  /** `ETCD_ENDPOINTS` (commas between them), `DATABASE_URL` and `STAMPEDE_SERVICE_SECRET` win over what a stack announces in `STAMPEDE_DATA`. */
  readonly env: NodeJS.ProcessEnv;
  readonly service: string;
  /** What to wait for; everything if absent. A service without a database need not wait for one. */
  readonly needs?: readonly Need[];
  readonly signal?: AbortSignal;
  readonly log?: EmbeddedLog;
  /** 120,000 if absent. */
  readonly timeoutMs?: number;
}

/** Thrown when no stack announced itself in time. */
export class BackingNotFoundError extends Error {
  override readonly name = 'BackingNotFoundError';
}

const VARIABLES: Readonly<Record<Need, string>> = {
  etcd: 'ETCD_ENDPOINTS',
  database: 'DATABASE_URL',
  secret: 'STAMPEDE_SERVICE_SECRET',
};

/**
 * Where etcd, the service's database and the service secret are: from the environment, and what it does not say from the stack that runs in the same data folder. A stack that
 * is not up yet is waited for, so everything may be started in any order; what a dead one left behind counts for nothing.
 *
 * @throws BackingNotFoundError when none came up in time; the signal's reason when it aborts.
 * @example const { etcdEndpoints, databaseUrl } = await locateBacking({ env: process.env, service: 'inventory', log });
 */
export async function locateBacking({
  env,
  service,
  needs = ['etcd', 'database', 'secret'],
  signal,
  log = silent,
  timeoutMs = 120_000,
}: LocateBackingOptions): Promise<Backing> {
  signal?.throwIfAborted();
  const given = (need: Need) => env[VARIABLES[need]] || undefined;
  const missing = needs.filter((need) => given(need) === undefined);
  const path = join(resolve(env['STAMPEDE_DATA'] || '.stampede'), 'stack.json');
  const announced = missing.length === 0 ? undefined : await announcement();

  async function announcement(): Promise<Announcement> {
    const begun = performance.now();
    for (let next = 3_000; ;) {
      const found = await readAnnouncement(path);
      const state = found === undefined ? 'nothing there' : await trouble(found, missing.includes('etcd'));
      if (found !== undefined && state === undefined) return found;
      signal?.throwIfAborted();
      const waited = performance.now() - begun;
      if (waited > timeoutMs) {
        throw new BackingNotFoundError(
          `${service} has no ${missing.map((need) => VARIABLES[need]).join(', ')}, and no stack runs behind ${path} (${state}): start one (npm start), set STAMPEDE_DATA to the data folder of one, or set these variables`,
        );
      }
      if (waited > next) {
        log.info({ path, state, missing: missing.map((need) => VARIABLES[need]) }, 'waiting for the stack');
        next *= 2;
      }
      await pause(signal);
    }
  }

  const databaseUrl = given('database') ?? announced?.databaseUrls[service];
  const serviceSecret = given('secret') ?? announced?.serviceSecret;
  return {
    etcdEndpoints: (given('etcd') ?? announced?.etcdEndpoint ?? '').split(',').filter((endpoint) => endpoint !== ''),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(serviceSecret !== undefined && { serviceSecret }),
  };
}

/** Why an announcement does not count; `undefined` if it does. */
async function trouble(found: Announcement, withEtcd: boolean): Promise<string | undefined> {
  if ((await identityOf(found.pid)) !== found.identity) return `left behind by process ${found.pid}, which is gone`;
  if (!withEtcd) return undefined;
  const tried = await Promise.all(found.etcdEndpoint.split(',').map(answers));
  return tried.includes(true) ? undefined : `etcd at ${found.etcdEndpoint} does not answer`;
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await sleep(50, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}
