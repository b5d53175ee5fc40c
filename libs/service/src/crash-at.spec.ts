import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { crashAt } from './crash-at.ts';

const POINTS = ['payment.commit-charged.before', 'payment.commit-charged.after'];

test('without a point of this service nothing is called', () => {
  expect(crashAt({}, 'payment', POINTS)).toBeUndefined();
  expect(crashAt({ STAMPEDE_CRASH_AT: 'inventory.commit-hold.before' }, 'payment', POINTS)).toBeUndefined();
});

test('a point that this service does not have is refused, and those that it has are named', () => {
  expect(() => crashAt({ STAMPEDE_CRASH_AT: 'payment.commit-paid.before' }, 'payment', POINTS)).toThrow(
    'STAMPEDE_CRASH_AT: there is no point payment.commit-paid.before; there are payment.commit-charged.before, payment.commit-charged.after',
  );
});

test('at its point, and at no other, the process says so and is killed', async () => {
  const script = `
    const { crashAt } = await import(${JSON.stringify(fileURLToPath(new URL('./crash-at.ts', import.meta.url)))});
    const crash = crashAt(process.env, 'payment', ${JSON.stringify(POINTS)});
    await crash('payment.commit-charged.before');
    console.log('alive');
    await crash('payment.commit-charged.after');
    console.log('still alive');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, STAMPEDE_CRASH_AT: 'payment.commit-charged.after' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(signal).toBe('SIGKILL');
  expect(said.split('\n').toSorted()).toEqual([
    '',
    'alive',
    'killed at payment.commit-charged.after, as STAMPEDE_CRASH_AT asked',
  ]);
});
