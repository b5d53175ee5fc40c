import type { Bench, BenchOptions } from '../bench.ts';
import { table } from '../cli/table.ts';
import { cpuMicros, microsPerOperation } from '../measure/cpu-time.ts';
import { mediansByName, rounded, spreadOf } from '../measure/spread.ts';
import { startWorker, type Worker } from '../process/start-worker.ts';
import type { LoadFound, LoadRun } from '../rest/load-worker.ts';
import { REQUESTS, type RequestName } from '../rest/requests.ts';
import type { ServerName } from '../rest/server-worker.ts';

const SERVERS: readonly ServerName[] = ['stampede-rest', 'hand-written'];
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 2;

interface Server {
  readonly name: ServerName;
  readonly worker: Worker;
  readonly port: number;
}

interface Round extends LoadFound {
  readonly cpu: Readonly<Record<string, number>>;
}

export const rest: Bench = {
  name: 'rest',
  summary: '@stampede/rest beside hand-written Fastify routes with the same behaviour, one backend in memory',
  defaults: { seconds: 3, rounds: 5 },
  async run(options) {
    const servers = await Promise.all(SERVERS.map((name) => start(name, options)));
    const load = worker('load-worker.ts', options);
    const rounds = await measure(servers, load, options);
    const requests = Object.keys(REQUESTS) as RequestName[];
    const results = requests.flatMap((request) =>
      SERVERS.map((name) => summary(name, request, rounds.get(`${name} ${request}`) ?? [])),
    );
    const ratios = Object.fromEntries(requests.map((request) => [request, ratioOf(results, request)]));
    return { figures: { results, ratios }, text: text(results, ratios) };
  },
};

function worker(file: string, { signal, scope }: BenchOptions): Worker {
  return startWorker({ entry: new URL(`../rest/${file}`, import.meta.url), signal, scope });
}

async function start(name: ServerName, options: BenchOptions): Promise<Server> {
  const started = worker('server-worker.ts', options);
  return { name, worker: started, port: await started.ask<number>('serve', name) };
}

/** In each round both servers have their turn, there and back, so that what changes on the machine meets both. */
async function measure(
  servers: readonly Server[],
  load: Worker,
  { seconds, rounds, say }: BenchOptions,
): Promise<ReadonlyMap<string, Round[]>> {
  const found = new Map<string, Round[]>();
  const requests = Object.keys(REQUESTS) as RequestName[];
  for (const server of servers) {
    say(`warming up ${server.name} …`);
    for (const request of requests) await once(server, load, request, Math.min(seconds, WARM_UP_SECONDS));
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const request of requests) {
      say(`round ${round} of ${rounds}, ${request} …`);
      for (const server of round % 2 === 1 ? servers : servers.toReversed()) {
        const key = `${server.name} ${request}`;
        found.set(key, [...(found.get(key) ?? []), await once(server, load, request, seconds)]);
      }
    }
  }
  return found;
}

async function once(
  { worker: server, port }: Server,
  load: Worker,
  request: RequestName,
  seconds: number,
): Promise<Round> {
  const watched = [
    { name: 'server', pid: server.pid },
    { name: 'load', pid: load.pid },
  ];
  const before = cpuMicros(watched);
  const run: LoadRun = { port, request, connections: CONNECTIONS, seconds };
  const result = await load.ask<LoadFound>('run', run);
  return { ...result, cpu: microsPerOperation(before, cpuMicros(watched), result.answers) };
}

type Result = ReturnType<typeof summary>;

function summary(server: ServerName, request: RequestName, rounds: readonly Round[]) {
  const rate = spreadOf(rounds.map(({ answers, seconds }) => answers / seconds));
  const median = (of: (round: Round) => number) => rounded(spreadOf(rounds.map(of)).median);
  return {
    server,
    request,
    requestsPerSecond: rounded(rate.median),
    minRequestsPerSecond: rounded(rate.min),
    maxRequestsPerSecond: rounded(rate.max),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    cpuMicrosPerRequest: mediansByName(rounds.map(({ cpu }) => cpu)),
  };
}

/** How many requests the library serves for one of the hand-written routes. */
function ratioOf(results: readonly Result[], request: RequestName): number {
  const rateOf = (name: ServerName) =>
    results.find((result) => result.server === name && result.request === request)?.requestsPerSecond ?? Number.NaN;
  return rounded(rateOf('stampede-rest') / rateOf('hand-written'), 3);
}

function text(results: readonly Result[], ratios: Readonly<Record<string, number>>): string {
  const rows = results.map((result) => [
    result.request,
    result.server,
    result.requestsPerSecond,
    `${result.minRequestsPerSecond} … ${result.maxRequestsPerSecond}`,
    result.p50Ms,
    result.p99Ms,
    result.cpuMicrosPerRequest['server'] ?? 0,
    result.cpuMicrosPerRequest['load'] ?? 0,
  ]);
  const head = ['request', 'server', 'requests/s', 'min … max', 'p50 ms', 'p99 ms', 'server µs', 'load µs'];
  const lines = Object.entries(ratios).map(([request, ratio]) => `${request}: stampede-rest / hand-written ${ratio}`);
  return [table(head, rows), '', ...lines].join('\n');
}
