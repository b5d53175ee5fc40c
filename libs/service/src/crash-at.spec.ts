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

test('a point that this service does not have is refused', () => {
  expect(() => crashAt({ STAMPEDE_CRASH_AT: 'payment.commit-paid.before' }, 'payment', POINTS)).toThrow(
    'STAMPEDE_CRASH_AT',
  );
});

test('at its point, and at no other, the process is killed', async () => {
  const script = `
    const { crashAt } = await import(${JSON.stringify(fileURLToPath(new URL('./crash-at.ts', import.meta.url)))});
    const crash = crashAt(process.env, 'payment', ${JSON.stringify(POINTS)});
    await crash('payment.commit-charged.before');
    console.log('alive');
    await crash('payment.commit-charged.after');
    console.log('still alive');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, STAMPEDE_CRASH_AT: 'payment.commit-charged.after' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(signal).toBe('SIGKILL');
  expect(said).toBe('alive\n');
});
