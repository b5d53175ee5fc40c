import { readFile } from 'node:fs/promises';

/** A row: the step, the moments of it at which a process may die, what the step is. */
const ROW = /^\| `([a-z]+)\.([a-z-]+)` +\| ([a-z, ]+?) +\|/gm;

/**
 * The crash points that a README lists in a table of steps and their moments (`| \`order.pay\` | before, after | … |`), those of one service or
 * all, in its order: `order.pay.before`, `order.pay.after`.
 *
 * @example expect(await listedCrashPoints(new URL('../../README.md', import.meta.url), 'order')).toEqual(CRASH_POINTS);
 */
export async function listedCrashPoints(readme: URL, service?: string): Promise<string[]> {
  const rows = (await readFile(readme, 'utf8')).matchAll(ROW);
  return [...rows]
    .filter(([, of]) => service === undefined || of === service)
    .flatMap(([, of, step, moments = '']) => moments.split(', ').map((moment) => `${of}.${step}.${moment}`));
}
