import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { benches } from './benches/index.ts';

async function run(...args: string[]) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args]);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [stdout, stderr] = await said;
  return { code, stdout, stderr };
}

test('without a name it lists every bench', async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  for (const { name, summary } of benches) expect(stdout).toContain(`${name.padEnd(10)}  ${summary}`);
  expect(benches.map(({ name }) => name)).toEqual([
    'rpc',
    'rest',
    'orders',
    'hot',
    'steady',
    'strategies',
    'growth',
    'gc',
  ]);
});

test('what makes no sense is said on standard error, and standard output stays empty', async () => {
  expect(await run('rpc', '--json', '--seconds', 'soon')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('--seconds must be a number above 0, not soon') as string,
  });
});
