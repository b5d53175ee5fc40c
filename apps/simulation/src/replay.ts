import fc from 'fast-check';
import { arbitraryPlan } from './arbitrary-plan.ts';
import { runHistory } from './run-history.ts';

const [seed, path] = process.argv.slice(2);
if (seed === undefined || path === undefined)
  throw new TypeError('node src/replay.ts <seed> <path>, as fast-check printed them');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Lives through one history again, and tells everything that was said in it: milliseconds, from, to, what. */
await fc.assert(
  fc.asyncProperty(arbitraryPlan, fc.integer(), async (plan, chance) => {
    say(JSON.stringify(plan, undefined, 2));
    const { wrong } = await runHistory({ plan, seed: chance, onMessage: say });
    say(wrong.length === 0 ? 'all is well' : wrong.join('\n'));
  }),
  { seed: Number(seed), path, numRuns: 1, endOnFailure: true },
);
