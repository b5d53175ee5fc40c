import { createHistogram } from '../measure/histogram.ts';
import { openConnection, type HttpConnection } from './http-connection.ts';
import { emptyTally, NEVER_SENT, NOT_ANSWERED, tallyUp, type LoadResult } from './load-result.ts';

export interface OpenLoop {
  readonly host: string;
  readonly port: number;
  /** Requests a second, evenly spaced, whatever becomes of those before. */
  readonly rate: number;
  readonly seconds: number;
  /** Connections at most; requests that find none wait, and their waiting counts. */
  readonly connections: number;
  /** How long after the last request is due answers are waited for. */
  readonly graceSeconds: number;
  readonly request: (index: number) => string;
}

const TICK_MS = 1;

/**
 * Buyers that come when they come, not when the shop has time for them. Latency counts from the moment when a request was due, so a shop that
 * stalls is charged for everybody who would have come in the meantime (no coordinated omission). What has no answer at the end counts with
 * as long as it has waited.
 */
export function runOpenLoop(options: OpenLoop): Promise<LoadResult> {
  const { host, port, rate, seconds, connections, graceSeconds, request } = options;
  const latency = createHistogram();
  const tally = emptyTally();
  const total = Math.round(rate * seconds);
  const begun = performance.now();
  const dueAt = (index: number) => begun + (index * 1_000) / rate;
  const idle: HttpConnection[] = [];
  const all: HttpConnection[] = [];
  const inFlight = new Set<number>();
  let next = 0;

  return new Promise((resolve) => {
    function send(connection: HttpConnection, index: number): void {
      inFlight.add(index);
      connection.send(request(index), (status) => {
        if (!inFlight.delete(index)) return; // given up
        tally.answered(index, status);
        // Whoever is refused is an error, and must not make the shop look fast.
        if (status === 201) latency.recordMs(performance.now() - dueAt(index));
        idle.push(connection);
        pump();
      });
    }

    function pump(): void {
      const now = performance.now();
      while (next < total && dueAt(next) <= now) {
        const connection = idle.pop() ?? (all.length < connections ? added() : undefined);
        if (connection === undefined) break;
        send(connection, next++);
      }
      if (inFlight.size === 0 && next === total) finish();
      else if (now > dueAt(total) + graceSeconds * 1_000) giveUp(now);
    }

    function added(): HttpConnection {
      const connection = openConnection(host, port);
      all.push(connection);
      return connection;
    }

    function giveUp(now: number): void {
      for (const index of inFlight) {
        tally.answered(index, NOT_ANSWERED);
        latency.recordMs(now - dueAt(index));
      }
      inFlight.clear();
      for (; next < total; next += 1) {
        tally.answered(next, NEVER_SENT);
        latency.recordMs(now - dueAt(next));
      }
      finish();
    }

    let finished = false;
    function finish(): void {
      if (finished) return;
      finished = true;
      clearInterval(timer);
      for (const connection of all) connection.close();
      resolve(tallyUp(tally, latency, (performance.now() - begun) / 1_000));
    }

    const timer = setInterval(pump, TICK_MS);
  });
}
