import { InventoryServiceDefinition } from '@stampede/contracts';
import { locateBacking } from '@stampede/embedded';
import { AppError } from '@stampede/errors';
import { connectEtcd } from '@stampede/etcd';
import { createWatcher } from '@stampede/registry';
import { createChannel, createClient, type Client } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { uuidv7 } from 'uuidv7';
import { createHistogram } from '../measure/histogram.ts';
import { serveTasks } from '../process/serve-tasks.ts';

export interface ReserveRun {
  readonly sku: string;
  readonly unitPrice: { readonly currency: string; readonly amountMinor: number };
  readonly callers: number;
  readonly seconds: number;
}

export interface ReserveResult {
  /** Verdicts, refusals among them. */
  readonly decisions: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const READY_MS = 10_000;
const log = silentLogger();

let inventory: Client<InventoryServiceDefinition> | undefined;

/** Asks the inventory as the order service does, found in etcd like any other instance: what it can decide if nobody else is slow. */
serveTasks({
  async connect(dataDir: string): Promise<void> {
    const env = { STAMPEDE_DATA: dataDir };
    const backing = await locateBacking({ env, service: 'bench', needs: ['etcd', 'secret'], timeoutMs: READY_MS });
    const discovery = createWatcher({ etcd: connectEtcd({ endpoints: backing.etcdEndpoints, log }), log });
    const caller = { service: 'order', secret: backing.serviceSecret ?? '' };
    const channel = createChannel({ service: 'inventory', discovery, caller, log });
    await channel.ready(AbortSignal.timeout(READY_MS));
    inventory = createClient(InventoryServiceDefinition, channel);
  },

  async reserve({ sku, unitPrice, callers, seconds }: ReserveRun): Promise<ReserveResult> {
    const client = inventory;
    if (client === undefined) throw new Error('connect first');
    const lines = [{ sku, quantity: 1, expectedUnitPrice: unitPrice }];
    const latency = createHistogram();
    const begun = performance.now();
    const until = begun + seconds * 1_000;
    let refused = 0;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (let askedAt = begun; askedAt < until; askedAt = performance.now()) {
          const decided = await client.reserveStock({ orderId: uuidv7(), lines }).then(() => true, isRefusal);
          if (!decided) refused += 1;
          latency.recordMs(performance.now() - askedAt);
        }
      }),
    );
    return {
      decisions: latency.count,
      refused,
      seconds: (performance.now() - begun) / 1_000,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
    };
  },
});

/** False for a verdict that says no; whatever else goes wrong is thrown. */
function isRefusal(error: unknown): false {
  if (error instanceof AppError && error.reason === 'OUT_OF_STOCK') return false;
  throw error;
}
