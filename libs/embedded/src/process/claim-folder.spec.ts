import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimFolder, ownerOf } from './claim-folder.ts';

async function dataDir(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-claim-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function startHolder(folder: string) {
  const source = `const { claimFolder } = await import(${JSON.stringify(new URL('./claim-folder.ts', import.meta.url).href)});
    await claimFolder(${JSON.stringify(folder)}); process.stdout.write('held'); setInterval(() => {}, 1000);`;
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
  await expect(claimFolder(folder)).rejects.toMatchObject({ name: 'DataDirInUseError', pid: child.pid });
});

test('what a killed process left is taken over', async () => {
  const folder = await dataDir();
  const child = await startHolder(folder);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const unlock = await claimFolder(folder);
  await unlock();
  expect(await ownerOf(folder)).toBeUndefined();
});

test('a pid that somebody else has by now does not count', async () => {
  const folder = await dataDir();
  const unlock = await claimFolder(folder);
  const owner = JSON.parse(await readFile(path.join(folder, 'owner.json'), 'utf8')) as object;
  await unlock();
  await writeFile(path.join(folder, 'owner.json'), JSON.stringify({ ...owner, pid: process.ppid }));
  expect(await ownerOf(folder)).toBeUndefined();
  await (
    await claimFolder(folder)
  )();
});
