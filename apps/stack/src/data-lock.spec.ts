import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holderOf, lockDataDir } from './data-lock.ts';

async function dataDir(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-lock-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function startHolder(folder: string) {
  const source = `const { lockDataDir } = await import(${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)});
    await lockDataDir(${JSON.stringify(folder)}); process.stdout.write('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a folder that a live process holds is refused, and says who holds it', async () => {
  const folder = await dataDir();
  const child = await startHolder(folder);
  await expect(lockDataDir(folder)).rejects.toMatchObject({
    reason: 'ALREADY_RUNNING',
    message: expect.stringContaining(String(child.pid)) as string,
  });
});

test('what a killed process left is taken over', async () => {
  const folder = await dataDir();
  const child = await startHolder(folder);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const unlock = await lockDataDir(folder);
  await unlock();
  expect(await holderOf(folder)).toBeUndefined();
});

test('a pid that somebody else has by now does not count', async () => {
  const folder = await dataDir();
  const unlock = await lockDataDir(folder);
  const lock = JSON.parse(await readFile(path.join(folder, 'supervisor.lock'), 'utf8')) as object;
  await unlock();
  await writeFile(path.join(folder, 'supervisor.lock'), JSON.stringify({ ...lock, pid: process.ppid }));
  expect(await holderOf(folder)).toBeUndefined();
  await (
    await lockDataDir(folder)
  )();
});
