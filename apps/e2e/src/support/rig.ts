import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tcpLink, type TcpLink } from '@stampede/testing';
import { freePort } from './free-port.ts';
import { createProgram, type AppName, type Program } from './program.ts';
import { childrenOf, processesOf, startStack, type Stack } from './stack.ts';

export interface RigOptions {
  /** How many of each app; one if absent. */
  readonly instances?: Partial<Record<AppName, number>>;
  /** More environment for a program, by its name or its app's (`order-1`, `order`); the name wins. */
  readonly env?: Readonly<Record<string, NodeJS.ProcessEnv>>;
  /** An etcd of the test's own; the supervisor's if absent. */
  readonly etcdEndpoint?: string;
  /** Whether everything between processes goes through links that the test can cut. Off if absent. */
  readonly linked?: boolean;
  /** Milliseconds that anything may take until it serves, the first time and later; a minute for a program, two for the supervisor if absent. */
  readonly startTimeoutMs?: number;
  /** Breaks the start off: nothing is left behind. */
  readonly signal?: AbortSignal;
}

/** The wires of one program: to its database, to etcd, and from its callers to it. A gateway is called directly. */
export interface Links {
  readonly database: TcpLink | undefined;
  readonly etcd: TcpLink;
  readonly callers: TcpLink | undefined;
}

/**
 * The shop as `nx run-many -t serve` runs it: one supervisor with etcd and Postgres, every app a process beside it, each in the hands of the
 * test, which may kill, freeze, part and restart them. Nothing is restarted by itself but etcd and Postgres.
 */
export interface Rig {
  /** For logging in and for the audit; its `url` is the first gateway's. */
  readonly stack: Stack;
  readonly dataDir: string;
  readonly programs: readonly Program[];
  /** @throws TypeError where there is none of that name. */
  program(name: string): Program;
  /** The instances of an app. */
  of(app: AppName): readonly Program[];
  /** Base URLs of the gateways, which keep their ports over restarts. */
  readonly gateways: readonly string[];
  /** Empty without `linked`. */
  readonly links: ReadonlyMap<string, Links>;
  /** Where etcd is without a link. */
  etcdEndpoint(): string;
  /** The process of the embedded etcd, and the postmaster; they throw where none runs. */
  etcdPid(): number;
  postmasterPid(): Promise<number>;
  /** The postmaster, first, and its backends. */
  postgresPids(): Promise<readonly number[]>;
  /** SIGKILL to the postmaster and all its processes at once, as in a crash of the machine; resolves with how many they were. */
  killPostgres(): Promise<number>;
  /** The database of an app, past all links. */
  databaseUrl(app: AppName): string;
  /** Kills the supervisor (SIGKILL); etcd and Postgres notice and leave. */
  killSupervisor(): Promise<void>;
  /** Starts a supervisor again on the same data, after `killSupervisor`. Programs find it through their links alone. */
  startSupervisor(): Promise<void>;
  /** Stops everything that runs and deletes the data, or keeps it. */
  close(options?: { readonly keepData?: boolean }): Promise<void>;
}

const LEAVING_MS = 50;
const LEAVING_TRIES = 400;

const APPS: readonly AppName[] = ['user', 'inventory', 'payment', 'order', 'gateway'];

interface Announced {
  readonly etcdEndpoint: string;
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly serviceSecret: string;
}

/** Brings the shop up; resolves when all serve and the shelves are filled. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { instances = {}, env = {}, linked = false, etcdEndpoint, startTimeoutMs, signal } = options;
  const closing = new AbortController();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'stampede-rig-'));
  const logDir = path.join(dataDir, 'logs');
  await mkdir(logDir, { recursive: true });
  const supervisor = () =>
    startStack({
      dataDir,
      command: [process.execPath, 'apps/stack/src/main.ts', '--backing'],
      ...(etcdEndpoint !== undefined && { env: { ETCD_ENDPOINTS: etcdEndpoint } }),
      ...(startTimeoutMs !== undefined && { readyTimeoutMs: startTimeoutMs }),
      signal: signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]),
    });

  const links = new Map<string, Links>();
  let announced: Announced | undefined;
  let stack: Stack | undefined;
  const opening = supervisor();
  let starting = opening;
  opening.catch(() => undefined);
  announced = await announcement(dataDir, opening).catch(async (error: unknown) => {
    if (signal?.aborted === true) await rm(dataDir, { recursive: true, force: true });
    throw error;
  });

  async function link(app: AppName, rpcPort: number): Promise<Links> {
    const at = (url: string | undefined) => {
      if (url === undefined || url === '') return undefined;
      const { hostname, port } = new URL(url);
      return { host: hostname, port: Number(port) };
    };
    return {
      database:
        announced?.databaseUrls[app] === undefined
          ? undefined
          : await tcpLink({ target: () => at(announced?.databaseUrls[app]) }),
      etcd: await tcpLink({ target: () => at(announced?.etcdEndpoint) }),
      callers: app === 'gateway' ? undefined : await tcpLink({ target: () => ({ host: '127.0.0.1', port: rpcPort }) }),
    };
  }

  /** What points a program at its links instead of at what they lead to. */
  function through({ database, etcd, callers }: Links, app: AppName, facts: Announced): NodeJS.ProcessEnv {
    return {
      ETCD_ENDPOINTS: `http://127.0.0.1:${etcd.port}`,
      STAMPEDE_SERVICE_SECRET: facts.serviceSecret,
      ...(database && { DATABASE_URL: rebased(facts.databaseUrls[app] ?? '', database.port) }),
      ...(callers && { ADVERTISE_PORT: String(callers.port) }),
    };
  }

  const programs: Program[] = [];
  const gateways: string[] = [];
  for (const app of APPS) {
    for (let number = 1; number <= (instances[app] ?? 1); number++) {
      const name = `${app}-${number}`;
      const port = await freePort();
      if (app === 'gateway') gateways.push(`http://127.0.0.1:${port}`);
      if (linked) links.set(name, await link(app, port));
      const wires = links.get(name);
      programs.push(
        createProgram({
          name,
          app,
          logDir,
          ...(startTimeoutMs !== undefined && { startTimeoutMs }),
          env: {
            STAMPEDE_DATA: dataDir,
            PORT: String(port),
            ...(wires && through(wires, app, announced)),
            ...env[app],
            ...env[name],
          },
        }),
      );
    }
  }
  const program = (name: string) => {
    const found = programs.find((each) => each.name === name);
    if (found === undefined) throw new TypeError(`there is no ${name}`);
    return found;
  };

  async function postgresPids(): Promise<readonly number[]> {
    const postmaster = await postmasterPid();
    return [postmaster, ...childrenOf(postmaster)];
  }

  async function close({ keepData = false } = {}): Promise<void> {
    closing.abort();
    for (const each of programs) each.thaw();
    for (const app of APPS.toReversed()) {
      await Promise.all(programs.filter((each) => each.app === app).map((each) => each.stop()));
    }
    for (const { database, etcd, callers } of links.values()) {
      await Promise.all([etcd.close(), ...[database, callers].map((wire) => wire?.close() ?? Promise.resolve())]);
    }
    await starting.catch(() => undefined);
    await stack?.stop();
    // What a killed supervisor left behind is on its way out.
    for (let tries = 0; tries < LEAVING_TRIES && processesOf(dataDir).length > 0; tries++) await sleep(LEAVING_MS);
    if (keepData) return;
    await stack?.remove();
    await rm(dataDir, { recursive: true, force: true });
  }

  async function postmasterPid(): Promise<number> {
    const file = path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    // The file of a killed one may name a process that is none of ours by now.
    if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) !== 'postgres\n')
      throw new Error('no Postgres runs');
    return pid;
  }

  const breakOff = () => {
    for (const each of programs) each.signal('SIGTERM');
  };
  signal?.addEventListener('abort', breakOff, { once: true });
  try {
    await Promise.all(programs.map((each) => each.start()));
    stack = await opening;
  } catch (error) {
    closing.abort();
    stack ??= await opening.catch(() => undefined);
    await close({ keepData: signal?.aborted !== true });
    throw error;
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
  const running = stack;

  return {
    get stack() {
      return { ...(stack ?? running), url: gateways[0] ?? '' };
    },
    dataDir,
    programs,
    program,
    of: (app) => programs.filter((each) => each.app === app),
    gateways,
    links,
    etcdEndpoint: () => announced?.etcdEndpoint ?? '',
    etcdPid() {
      const found = processesOf(dataDir).find(({ command }) => command.includes('etcd-process.ts'));
      if (found === undefined) throw new Error('no embedded etcd runs');
      return found.pid;
    },
    postmasterPid,
    postgresPids,
    async killPostgres() {
      // The postmaster first: it must not see its children die, and do something about it.
      const pids = await postgresPids();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      return pids.length;
    },
    databaseUrl: (app) => announced?.databaseUrls[app] ?? '',
    async killSupervisor() {
      if (stack === undefined) return;
      const gone = new Promise((resolve) => stack?.process.once('exit', resolve));
      stack.process.kill('SIGKILL');
      await gone;
    },
    async startSupervisor() {
      const again = supervisor();
      starting = again;
      again.catch(() => undefined);
      announced = await announcement(dataDir, again);
      stack = await again;
    },
    close,
  };
}

/** What the supervisor that is starting announces; rejects with it. */
async function announcement(dataDir: string, starting: Promise<Stack>): Promise<Announced> {
  const failed = starting.then(() => undefined);
  for (;;) {
    const text = await readFile(path.join(dataDir, 'stack.json'), 'utf8').catch(() => '');
    if (text !== '') {
      const found = JSON.parse(text) as Announced & { readonly pid: number };
      if (isAlive(found.pid)) return found;
    }
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 20))]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function rebased(url: string, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
