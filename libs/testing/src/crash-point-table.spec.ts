import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { listedCrashPoints } from './crash-point-table.ts';

test('reads steps and their moments, and no other table', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-readme-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'README.md');
  await writeFile(
    file,
    [
      '| step | dies | what |',
      '| --- | --- | --- |',
      '| `order.hand-over`  | before, after | give leases back |',
      '| `stock.hold` | before, written, after | units are held |',
      '| `PENDING` | by | to |',
    ].join('\n'),
  );
  const readme = pathToFileURL(file);
  expect(await listedCrashPoints(readme, 'order')).toEqual(['order.hand-over.before', 'order.hand-over.after']);
  expect(await listedCrashPoints(readme)).toEqual([
    'order.hand-over.before',
    'order.hand-over.after',
    'stock.hold.before',
    'stock.hold.written',
    'stock.hold.after',
  ]);
});
