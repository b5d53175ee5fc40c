import { readFile } from 'node:fs/promises';
import path from 'node:path';
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
