import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { cpuMicros, microsPerOperation, parseStat } from './cpu-time.ts';

test('a name with spaces and brackets does not shift the fields', () => {
  const line =
    '4242 (we ) (ird) S 17 4242 4242 0 -1 4194560 100 0 0 0 250 50 30 7 20 0 11 0 12345 1000 200 18446744073709551615';
  expect(parseStat(line)).toEqual({ parent: 17, own: 300, ofEndedChildren: 37 });
});

test('what this process burns is seen, and what is gone is nothing', () => {
  const watched = [
    { name: 'me', pid: process.pid },
    { name: 'gone', pid: 2 ** 22 + 1 },
  ];
  const before = cpuMicros(watched);
  const begun = process.cpuUsage();
  for (let used = 0; used < 200_000;) {
    const { user, system } = process.cpuUsage(begun);
    used = user + system;
  }
  const used = microsPerOperation(before, cpuMicros(watched), 100);
  expect(used['gone']).toBe(0);
  expect(used['me']).toBeGreaterThan(1_500);
});

test('children count where they are asked for, those that ended too', async () => {
  const burn = 'const used = () => process.cpuUsage().user + process.cpuUsage().system; while (used() < 150_000);';
  const parent = spawn(
    process.execPath,
    [
      '-e',
      `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]); process.stdin.resume(); console.log('done');`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void parent.kill());
  await once(parent.stdout, 'data');
  const [alone, whole] = [false, true].map((withChildren) =>
    cpuMicros([{ name: 'it', pid: parent.pid!, withChildren }]),
  );
  expect(whole!['it']! - alone!['it']!).toBeGreaterThanOrEqual(140_000);
});
