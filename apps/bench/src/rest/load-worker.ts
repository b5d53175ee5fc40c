import { openConnection } from '../load/http-connection.ts';
import { createHistogram } from '../measure/histogram.ts';
import { serveTasks } from '../process/serve-tasks.ts';
import { REQUESTS, type RequestName } from './requests.ts';

export interface LoadRun {
  readonly port: number;
  readonly request: RequestName;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadFound {
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Clients that each ask again as soon as they are answered, as a process of its own. An answer other than the right one ends it all. */
serveTasks({
  run({ port, request, connections, seconds }: LoadRun): Promise<LoadFound> {
    const { text, status: wanted } = REQUESTS[request];
    const latency = createHistogram();
    const begun = performance.now();
    let [asked, asking] = [0, connections];
    return new Promise((resolve, reject) => {
      for (let client = 0; client < connections; client += 1) {
        const connection = openConnection('127.0.0.1', port);
        const ask = (): void => {
          const sentAt = performance.now();
          if (sentAt - begun >= seconds * 1_000) {
            connection.close();
            asking -= 1;
            if (asking > 0) return;
            resolve({
              answers: latency.count,
              seconds: (sentAt - begun) / 1_000,
              p50Ms: latency.quantileMs(0.5),
              p99Ms: latency.quantileMs(0.99),
            });
            return;
          }
          connection.send(text((asked += 1)), (status) => {
            if (status !== wanted) return reject(new Error(`${request} was answered ${status}`));
            latency.recordMs(performance.now() - sentAt);
            ask();
          });
        };
        ask();
      }
    });
  },
});
