import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiSubjects } from './test-support/api-subject.ts';
import { Model } from './test-support/model.ts';
import { cases, type Case, type Lookout } from './test-support/operations.ts';
import { serversUnderTest } from './test-support/servers-under-test.ts';
import type { Subject } from './test-support/subject.ts';

const servers = serversUnderTest();
const running: { name: string; stop: () => Promise<void>; begin: (lookout: Lookout) => Promise<Subject> }[] = [];

beforeAll(async () => {
  for (const { name, start } of servers) {
    const server = await start();
    const subjects = apiSubjects(server.endpoint);
    const stop = () => {
      subjects.close();
      return server.stop();
    };
    running.push({ name, stop, begin: (lookout) => subjects.begin(lookout) });
  }
});

afterAll(async () => {
  for (const { stop } of running) await stop();
});

/** A real etcd before 3.4.36 loses a deletion at exactly the compacted revision (etcd-io/etcd#19179): watches start behind it. */
function watchStart({ operations, watchFrom }: Case): number {
  const compacted = new Set(operations.map((operation) => (operation.op === 'compact' ? operation.revision : -1)));
  let from = watchFrom;
  while (compacted.has(from)) from += 1;
  return from;
}

async function play(subject: Subject, plot: Case) {
  const outcomes: unknown[] = [];
  for (const operation of plot.operations) outcomes.push(await subject.run(operation));
  const live = [await subject.live(), await subject.liveLookout()];
  const from = watchStart(plot);
  return { outcomes, live, late: [await subject.late(from), await subject.lateLookout(from)] };
}

/** So many random histories, in at most so much time each (milliseconds). */
const RUNS = Number(process.env.STAMPEDE_TEST_RUNS ?? 200);
const MOST_MS = 100_000 + RUNS * 500;

test('random operations have the same outcome on every server and in the model', { timeout: MOST_MS }, async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (plot) => {
      const expected = await play(new Model(plot.lookout), plot);
      for (const { name, begin } of running) {
        expect({ name, ...(await play(await begin(plot.lookout), plot)) }).toEqual({ name, ...expected });
      }
    }),
    { numRuns: RUNS },
  );
});
