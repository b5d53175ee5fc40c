import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { crashAt } from './crash-at.ts';
import { CRASH_POINTS, STEPS } from './domain/crash-points.ts';

test('a process kills itself at its point, and at no other', async () => {
  const program = `
    const { crashAt } = await import(${JSON.stringify(new URL('crash-at.ts', import.meta.url).href)});
    const crash = crashAt(process.env);
    await crash('order.charge.before');
    console.log('still here');
    await crash('order.charge.after');
    console.log('too late');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, STAMPEDE_CRASH_AT: 'order.charge.after' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([signal, said]).toEqual(['SIGKILL', 'still here\n']);
});

test("other services' points are none of ours, and one that we do not have is refused", () => {
  expect(crashAt({})).toBeUndefined();
  expect(crashAt({ STAMPEDE_CRASH_AT: 'payment.commit-charged.before' })).toBeUndefined();
  expect(() => crashAt({ STAMPEDE_CRASH_AT: 'order.nowhere.before' })).toThrow('order.nowhere.before');
});

test('the README lists every step, and the points are before and after each', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const listed = [...readme.matchAll(/^\| `order\.([a-z-]+)` \|/gm)].map(([, step]) => step);
  expect(listed).toEqual([...STEPS]);
  expect(CRASH_POINTS).toHaveLength(2 * STEPS.length);
});
