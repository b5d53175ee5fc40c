import { createHistogram } from '../measure/histogram.ts';
import { openConnection } from './http-connection.ts';
import { emptyTally, tallyUp, type LoadResult } from './load-result.ts';

export interface ClosedLoop {
  readonly host: string;
  readonly port: number;
  /** How many buy at once, each again as soon as it has an answer. */
  readonly buyers: number;
  readonly seconds: number;
  readonly request: (index: number) => string;
}

/** Buyers that each wait for their answer: how much is sold when all want as much as they can get. */
export function runClosedLoop({ host, port, buyers, seconds, request }: ClosedLoop): Promise<LoadResult> {
  const latency = createHistogram();
  const tally = emptyTally();
  const begun = performance.now();
  const until = begun + seconds * 1_000;
  let made = 0;
  let buying = buyers;

  return new Promise((resolve) => {
    for (let buyer = 0; buyer < buyers; buyer += 1) {
      const connection = openConnection(host, port);
      const buy = (): void => {
        const sentAt = performance.now();
        if (sentAt >= until) {
          connection.close();
          buying -= 1;
          if (buying === 0) resolve(tallyUp(tally, latency, (performance.now() - begun) / 1_000));
          return;
        }
        const index = made++;
        connection.send(request(index), (status) => {
          tally.answered(index, status);
          if (status === 201) latency.recordMs(performance.now() - sentAt);
          // A server that is not there must not be asked a hundred thousand times a second.
          if (status === 0) setTimeout(buy, 10);
          else buy();
        });
      };
      buy();
    }
  });
}
