import { fc, test } from '@fast-check/vitest';
import { seededRandom } from '@stampede/testing';
import { expect } from 'vitest';
import { PeakEwma } from './peak-ewma.ts';
import { pick, type Candidate, type Measure } from './pick.ts';

interface Fake extends Candidate {
  readonly available: boolean;
  readonly ejected: boolean;
}

const fakes = fc
  .array(
    fc.record({ available: fc.boolean(), ejected: fc.boolean(), cost: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
  )
  .map((all): Fake[] =>
    all.map(({ available, ejected, cost }) => ({
      available,
      ejected,
      inFlight: 0,
      seed: 0,
      isEjected: () => ejected,
      cost: () => cost,
    })),
  );
const seeds = fc.integer();

test.prop([fakes, fc.array(fc.nat()), seeds, fc.boolean()])(
  'picks the best kind there is: available always, trusted before ejected, fresh before failed',
  (candidates, avoided, seed, streaming) => {
    const avoid = new Set(avoided.flatMap((index) => candidates[index % Math.max(1, candidates.length)] ?? []));
    const random = seededRandom(seed);
    for (const avoiding of [undefined, avoid]) {
      const chosen = pick(candidates, { now: 0, streaming, random, avoid: avoiding });
      const available = candidates.filter((each) => each.available);
      const trusted = available.filter((each) => !each.ejected);
      const fresh = trusted.filter((each) => avoiding?.has(each) !== true);
      const best = [fresh, trusted, available].find((kind) => kind.length > 0);
      if (best === undefined) expect(chosen).toBeUndefined();
      else expect(best).toContain(chosen);
    }
  },
);

test.prop([fakes.filter((all) => all.filter((each) => each.available && !each.ejected).length > 0), seeds])(
  'of the best kind, nothing that costs much more than all others is picked',
  (candidates, seed) => {
    const best = candidates.filter((each) => each.available && !each.ejected);
    const worst = Math.max(...best.map((each) => each.cost(0, 'time')));
    const isAlone = best.length > 1 && best.filter((each) => each.cost(0, 'time') * 1.5 >= worst).length === 1;
    fc.pre(isAlone);
    const random = seededRandom(seed);
    for (let n = 0; n < 20; n += 1) {
      expect(pick(candidates, { now: 0, streaming: false, random })?.cost(0, 'time')).toBeLessThan(worst);
    }
  },
);

/** Instances that serve one call at a time, in simulated time; answers how many calls each got. */
function simulate(serviceMs: readonly number[], callers: number, calls: number, random: () => number): number[] {
  const instances = serviceMs.map((ms) => {
    const latency = new PeakEwma(0, 0);
    return {
      ms,
      latency,
      inFlight: 0,
      got: 0,
      freeAt: 0,
      seed: 0,
      available: true,
      isEjected: () => false,
      cost(now: number, by: Measure) {
        return (by === 'time' ? latency.at(now) + 5 : 1) * (this.inFlight + 1);
      },
    };
  });
  const idle = Array.from({ length: callers }, () => 0);
  const ends: { at: number; end: () => void }[] = [];
  let made = 0;
  let now = 0;
  while (made < calls) {
    while (idle.length > 0 && made < calls) {
      idle.pop();
      made += 1;
      const chosen = pick(instances, { now, streaming: false, random })!;
      const started = now;
      chosen.got += 1;
      chosen.inFlight += 1;
      chosen.freeAt = Math.max(now, chosen.freeAt) + chosen.ms * (0.5 + random());
      ends.push({
        at: chosen.freeAt,
        end: () => {
          chosen.inFlight -= 1;
          chosen.latency.observe(chosen.freeAt - started, now);
          idle.push(0);
        },
      });
    }
    ends.sort((a, b) => a.at - b.at);
    const next = ends.shift();
    if (next === undefined) break;
    now = next.at;
    next.end();
  }
  return instances.map(({ got }) => got);
}

test.prop([fc.integer({ min: 2, max: 8 }), fc.constantFrom(1, 4, 64), seeds], { numRuns: 30 })(
  'instances alike get shares alike',
  (count, callers, seed) => {
    const random = seededRandom(seed);
    const got = simulate(
      Array.from({ length: count }, () => 2),
      callers,
      400 * count,
      random,
    );
    for (const share of got) expect(share).toBeGreaterThan(160);
  },
);

test.prop([seeds], { numRuns: 20 })('an instance five times slower gets far less, and not nothing', (seed) => {
  const [slow = 0, ...fast] = simulate([10, 2, 2], 16, 3_000, seededRandom(seed));
  expect(slow).toBeGreaterThan(0);
  for (const share of fast) expect(slow).toBeLessThan(share / 2);
});
