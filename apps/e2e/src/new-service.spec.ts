import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '@stampede/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startStack } from './support/stack.ts';
import { copyWorkspace, type WorkspaceCopy } from './support/workspace-copy.ts';

let copy: WorkspaceCopy;

beforeAll(async () => {
  copy = await copyWorkspace();
});
afterAll(() => copy.remove());

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, output } = await copy.run(command, ...args);
  expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  return output;
}

test('a service made by the generator passes lint, types and tests as it is, and comes up with the others', async () => {
  expect(await run('npm', 'run', '-s', 'new', '--', 'service', 'wishlist')).toContain('apps/wishlist/src/main.ts');
  await run('nx', 'run', 'contracts:generate');
  for (const target of ['lint', 'typecheck', 'test']) await run('nx', 'run', `wishlist:${target}`);
  await run('nx', 'run', 'contracts:lint');
  await run('prettier', '--check', 'deploy');
  // Its manifests and its part of the compose file are held to what all others are, and it has a bundle.
  await run('vitest', 'run', 'k8s', 'compose', '--config', '../vitest.config.ts', '--root', 'deploy');
  await run('nx', 'run', 'wishlist:bundle');

  // Ready means that every app is found in etcd, the new one among them.
  const stack = await startStack({ root: copy.root });
  onTestFinished(async () => {
    await stack.stop();
    await stack.remove();
  });
  expect(await readFile(path.join(stack.dataDir, 'logs', 'wishlist-1.log'), 'utf8')).toContain('"msg":"serving"');
}, 180_000);

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
  const took: number[] = [];
  for (let round = 0; round < 3; round += 1)
    took.push(await restart('apps/inventory/src/domain/limits.ts', 'inventory'));
  process.stderr.write(`restarts on save: ${took.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
  expect(Math.min(...took)).toBeLessThan(1_000);
  await debuggable('inventory');
  expect(stack.printed()).toContain('apps/inventory/src/domain/limits.ts saved: restarting inventory\n');

  // A library restarts those that stand on it.
  await restart('libs/rest/src/unary.ts', 'gateway');
  expect(await Promise.all(['gateway', 'inventory', 'order'].map(starts))).toEqual([2, 5, 1]);
}, 120_000);

test.each([
  ['order', /is there already/],
  ['Wish-List', /must be one word/],
  ['orders', /must neither begin with "order"/],
  ['pay', /nor be its beginning/],
])('the name "%s" is refused', async (name, why) => {
  const { code, output } = await copy.run('npm', 'run', '-s', 'new', '--', 'service', name);
  expect(code).toBe(1);
  expect(output).toMatch(why);
});
