import fc from 'fast-check';
import { arbitraryPlan } from './arbitrary-plan.ts';
import type { Plan } from './plan.ts';
import { runHistory } from './run-history.ts';
import type { Sabotage } from './sabotage.ts';

/** What a number of histories came to. */
export interface Tally {
  histories: number;
  /** The processor's time when they began. */
  readonly since: NodeJS.CpuUsage;
  /** Everything worth telling that happened in them. */
  readonly reached: Set<string>;
}

export function newTally(): Tally {
  return { histories: 0, since: process.cpuUsage(), reached: new Set() };
}

// Refusals are errors, thousands a second here, and nobody reads where they were thrown.
Error.stackTraceLimit = 2;

/** The property of every history: when it has come to rest, nothing is wrong. */
export function anyHistory(tally: Tally, sabotage?: () => Sabotage): fc.IAsyncProperty<[Plan, number]> {
  return fc.asyncProperty(arbitraryPlan, fc.integer(), async (plan, seed) => {
    const { wrong, reached } = await runHistory({ plan, seed, ...(sabotage && { sabotage: sabotage() }) });
    tally.histories += 1;
    for (const each of reached) tally.reached.add(each);
    await new Promise((resolve) => setImmediate(resolve)); // a history does not let the event loop turn
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
}

export function inWords({ histories, since }: Tally): string {
  const { user, system } = process.cpuUsage(since);
  const aMinute = Math.round(histories / ((user + system) / 60_000_000));
  return `${histories} histories, ${aMinute} a minute of one core\n`;
}
