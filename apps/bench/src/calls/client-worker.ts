import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTraceparent, newTrace } from '@stampede/telemetry';
import { createHistogram } from '../measure/histogram.ts';
import { serveTasks } from '../process/serve-tasks.ts';
import type { Call, RpcTransport } from './transport.ts';

export interface ClientRun {
  readonly callers: number;
  readonly seconds: number;
}

export interface ClientResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const USERS = Array.from({ length: 1_000 }, () => ({ id: randomUUID(), roles: ['customer'] }));
const DEADLINE_MS = 5_000;
const SERVICE = 'order';

let call: Call | undefined;

/** The client's side of one transport, as a process of its own: callers that call one after the other. */
serveTasks({
  async connect({ module, address, secret }: { module: string; address: string; secret: string }): Promise<void> {
    const { transport } = (await import(module)) as { transport: RpcTransport };
    call = await transport.connect(address, SERVICE, secret);
  },

  async run({ callers, seconds }: ClientRun): Promise<ClientResult> {
    const reserve = call;
    if (reserve === undefined) throw new Error('connect first');
    const latency = createHistogram();
    let going = true;
    let made = 0;

    async function caller(): Promise<void> {
      while (going) {
        made += 1;
        const orderId = randomUUID();
        const request = {
          orderId,
          lines: [
            { sku: `sku-${made % 1_000}`, quantity: 1, expectedUnitPrice: { currency: 'EUR', amountMinor: 1_999 } },
          ],
        };
        const context = {
          requestId: orderId,
          traceparent: formatTraceparent(newTrace()),
          user: USERS[made % USERS.length] ?? { id: '', roles: [] },
          deadlineMs: DEADLINE_MS,
        };
        const begun = performance.now();
        const { reservation } = await (reserve as Call)(request, context);
        latency.recordMs(performance.now() - begun);
        if (reservation?.orderId !== orderId || reservation.lines.length !== 1)
          throw new Error('the answer is not ours');
      }
    }

    const begun = performance.now();
    const all = Promise.all(Array.from({ length: callers }, caller));
    await Promise.race([sleep(seconds * 1_000), all]);
    going = false;
    await all;
    const took = (performance.now() - begun) / 1_000;
    return {
      calls: latency.count,
      seconds: took,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
    };
  },
});
