import { serveTasks } from '../process/serve-tasks.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { Target } from './load-worker.ts';

export interface ReadRun extends Pick<Target, 'host' | 'port' | 'tokens'> {
  readonly readers: number;
  readonly seconds: number;
}

export interface ReadResult {
  /** Pages of orders that were answered. */
  readonly reads: number;
  readonly seconds: number;
}

/** Customers who look at their orders, again and again. */
serveTasks({
  async read({ host, port, tokens, readers, seconds }: ReadRun): Promise<ReadResult> {
    const requests = tokens.map(
      (token) =>
        `GET /v1/orders?pageSize=10 HTTP/1.1\r\nhost: ${host}:${port}\r\nauthorization: Bearer ${token}\r\n\r\n`,
    );
    const request = (index: number) => requests[index % requests.length] ?? '';
    const result = await runClosedLoop({ host, port, buyers: readers, seconds, request });
    const reads = result.statuses[200] ?? 0;
    if (reads === 0) throw new Error(`nobody can read: ${JSON.stringify(result.statuses)}`);
    return { reads, seconds: result.seconds };
  },
});
