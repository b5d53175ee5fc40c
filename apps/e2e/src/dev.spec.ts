import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '@stampede/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startStack } from './support/stack.ts';
import { copyWorkspace, type WorkspaceCopy } from './support/workspace-copy.ts';

/** From the save until the service serves again. */
const PROMISED_MS = 1_000;
const MOST_RESTARTS = 10;

let copy: WorkspaceCopy;

beforeAll(async () => {
  copy = await copyWorkspace();
});
afterAll(() => copy.remove());

test('on save, what uses the file restarts and nothing else; a debugger finds it where it was', async () => {
  const stack = await startStack({ root: copy.root, command: [process.execPath, 'apps/stack/bin/run.mjs', 'dev'] });
  onTestFinished(async () => {
    await stack.stop();
    await stack.remove();
  });
  const starts = async (app: string) =>
    (await readFile(path.join(stack.dataDir, 'logs', `${app}-1.log`), 'utf8')).split('"msg":"serving"').length - 1;
  const debuggable = async (app: string) => {
    const port = new RegExp(`^${app}-1 can be debugged at 127\\.0\\.0\\.1:(\\d+)$`, 'm').exec(stack.printed())?.[1];
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { url: string }[];
    expect(target?.url).toContain(`apps/${app}/src/main.ts`);
  };
  const restart = async (file: string, app: string) => {
    const before = await starts(app);
    const began = performance.now();
    await appendFile(path.join(copy.root, file), '\n');
    await eventually(async () => expect(await starts(app)).toBe(before + 1), { timeoutMs: 20_000 });
    return performance.now() - began;
  };
  await debuggable('inventory');
  // The first restart leaves compiled code behind.
  await restart('apps/inventory/src/domain/limits.ts', 'inventory');
  // What a slow moment of the machine costs is not the supervisor's: the best of some counts.
  const took: number[] = [];
  while (took.length < MOST_RESTARTS && !took.some((ms) => ms < PROMISED_MS))
    took.push(await restart('apps/inventory/src/domain/limits.ts', 'inventory'));
  process.stderr.write(`restarts on save: ${took.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
  expect(Math.min(...took)).toBeLessThan(PROMISED_MS);
  await debuggable('inventory');
  expect(stack.printed()).toContain('apps/inventory/src/domain/limits.ts saved: restarting inventory\n');

  // A library restarts those that stand on it.
  await restart('libs/rest/src/unary.ts', 'gateway');
  expect(await Promise.all(['gateway', 'inventory', 'order'].map(starts))).toEqual([2, 2 + took.length, 1]);
}, 120_000);
