import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { crashOnce } from './crash-once.ts';
import { supervise } from './supervised.ts';

const AT = 'order.pay.after';

/** Supervises a program that dies by SIGKILL wherever STAMPEDE_CRASH_AT is set, with these last words, and lives otherwise. */
async function run(lastWords: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-supervised-'));
  const entry = path.join(folder, 'program.mjs');
  const starts = path.join(folder, 'starts');
  await writeFile(
    entry,
    `import { appendFileSync, writeSync } from 'node:fs';
     appendFileSync(process.env.STARTS, \`[\${process.env.STAMPEDE_CRASH_AT}]\`);
     if (process.env.STAMPEDE_CRASH_AT) {
       writeSync(2, \`${lastWords}\\n\`);
       process.kill(process.pid, 'SIGKILL');
     }
     process.on('disconnect', () => process.exit());`,
  );
  const program = { name: 'order-1', entry, overIpc: false, env: () => ({ ...process.env, STARTS: starts }) };
  const said: string[] = [];
  const supervised = supervise(crashOnce(program, AT), { logDir: folder, say: (line) => said.push(line) });
  onTestFinished(async () => {
    await supervised.stop();
    await rm(folder, { recursive: true });
  });
  await supervised.start();
  return { said, starts: () => readFile(starts, 'utf8').catch(() => '') };
}

test('a program dies at its point once; it is started again without, and that is said', async () => {
  const { said, starts } = await run(`killed at ${AT}, as STAMPEDE_CRASH_AT asked`);
  await vi.waitFor(async () => expect(await starts()).toBe(`[${AT}][]`), { timeout: 10_000 });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(
    `order-1 ended (SIGKILL): killed at ${AT}, as STAMPEDE_CRASH_AT asked, which it is not asked again, and is started again`,
  );
});

test('one that was killed elsewhere still has its point before it', async () => {
  const { said, starts } = await run('out of memory');
  await vi.waitFor(async () => expect(await starts()).toContain(`[${AT}][${AT}]`), { timeout: 10_000 });
  expect(said[0]).toContain('order-1 ended (SIGKILL) and is started again');
});
