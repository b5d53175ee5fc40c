import { randomBytes } from 'node:crypto';
import type { Bench, BenchOptions } from '../bench.ts';
import { table } from '../cli/table.ts';
import { cpuMicros, microsPerOperation } from '../measure/cpu-time.ts';
import { mediansByName, rounded, spreadOf } from '../measure/spread.ts';
import { installPeer } from '../process/install-peer.ts';
import { startWorker, type Worker } from '../process/start-worker.ts';
import type { ClientResult, ClientRun } from '../calls/client-worker.ts';
import { ratiosOf } from '../calls/ratios.ts';
import { TRANSPORTS, type TransportEntry } from '../calls/transports.ts';

const CALLERS = [1, 64, 256];
const WARM_UP_SECONDS = 2;

interface Pair {
  readonly name: string;
  readonly server: Worker;
  readonly client: Worker;
}

interface Round extends ClientResult {
  readonly cpu: Readonly<Record<string, number>>;
}

export const rpc = createRpcBench(TRANSPORTS);

/** The bench over some transports: all of them, or in a test those that need nothing installed. */
export function createRpcBench(transports: readonly TransportEntry[], callers: readonly number[] = CALLERS): Bench {
  return {
    name: 'rpc',
    summary: 'ReserveStock, the same handler over each way to call it, with 1, 64 and 256 callers',
    defaults: { seconds: 2, rounds: 5 },
    async run(options) {
      if (transports.some(({ peer }) => peer)) await installPeer('rpc', options);
      const pairs = await Promise.all(transports.map((entry) => connect(entry, options)));
      const rounds = await measure(pairs, callers, options);
      const results = pairs.flatMap(({ name }) =>
        callers.map((count) => summary(name, count, rounds.get(`${name} ${count}`) ?? [])),
      );
      const ratios = ratiosOf(results);
      return { figures: { results, ratios }, text: text(results, ratios) };
    },
  };
}

/** A server and a client of one transport, each a process of its own, so that neither shares the other's heap, nor a peer's. */
async function connect({ name, module }: TransportEntry, { signal, scope }: BenchOptions): Promise<Pair> {
  const secret = randomBytes(32).toString('base64url');
  const worker = (file: string) => startWorker({ entry: new URL(`../calls/${file}`, import.meta.url), signal, scope });
  const [server, client] = [worker('server-worker.ts'), worker('client-worker.ts')];
  const address = await server.ask<string>('serve', { module, secret });
  await client.ask('connect', { module, address, secret });
  return { name, server, client };
}

/** In each round every transport has its turn, so that what changes on the machine meets all of them. */
async function measure(
  pairs: readonly Pair[],
  callers: readonly number[],
  { seconds, rounds, say }: BenchOptions,
): Promise<ReadonlyMap<string, Round[]>> {
  const found = new Map<string, Round[]>();
  for (const { name, client } of pairs) {
    say(`warming up ${name} …`);
    await client.ask('run', { callers: 64, seconds: Math.min(seconds, WARM_UP_SECONDS) } satisfies ClientRun);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const count of callers) {
      say(`round ${round} of ${rounds}, ${count} callers …`);
      for (const pair of pairs) {
        const key = `${pair.name} ${count}`;
        found.set(key, [...(found.get(key) ?? []), await runOnce(pair, { callers: count, seconds })]);
      }
    }
  }
  return found;
}

async function runOnce({ client, server }: Pair, run: ClientRun): Promise<Round> {
  const watched = [
    { name: 'client', pid: client.pid },
    { name: 'server', pid: server.pid },
  ];
  const before = cpuMicros(watched);
  const result = await client.ask<ClientResult>('run', run);
  return { ...result, cpu: microsPerOperation(before, cpuMicros(watched), result.calls) };
}

type Result = ReturnType<typeof summary>;

function summary(transport: string, callers: number, rounds: readonly Round[]) {
  const rate = spreadOf(rounds.map(({ calls, seconds }) => calls / seconds));
  const median = (of: (round: Round) => number) => rounded(spreadOf(rounds.map(of)).median);
  return {
    transport,
    callers,
    callsPerSecond: rounded(rate.median),
    minCallsPerSecond: rounded(rate.min),
    maxCallsPerSecond: rounded(rate.max),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    cpuMicrosPerCall: mediansByName(rounds.map(({ cpu }) => cpu)),
  };
}

function text(results: readonly Result[], ratios: Readonly<Record<string, number>>): string {
  const rows = results
    .toSorted((a, b) => a.callers - b.callers)
    .map((result) => [
      result.transport,
      result.callers,
      result.callsPerSecond,
      `${result.minCallsPerSecond} … ${result.maxCallsPerSecond}`,
      result.p50Ms,
      result.p99Ms,
      result.cpuMicrosPerCall['client'] ?? 0,
      result.cpuMicrosPerCall['server'] ?? 0,
    ]);
  const head = ['transport', 'callers', 'calls/s', 'min … max', 'p50 ms', 'p99 ms', 'client µs', 'server µs'];
  const ratioLines = Object.entries(ratios).map(([name, value]) => `${name} ${value}`);
  return [table(head, rows), '', ...ratioLines].join('\n').trimEnd();
}
