import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startWorker } from './start-worker.ts';

function start(signal: AbortSignal = new AbortController().signal) {
  const scope = new AsyncDisposableStack();
  onTestFinished(() => scope.disposeAsync());
  return { scope, worker: startWorker({ entry: new URL('./spec/echo-worker.ts', import.meta.url), signal, scope }) };
}

test('a worker answers each task with its own result or failure, and ends with its scope', async () => {
  const { scope, worker } = start();
  const big = new Uint32Array(100_000).fill(7);
  const answers = Promise.all([worker.ask('echo', 1), worker.ask('echo', big), worker.ask('echo', undefined)]);
  await expect(worker.ask('fail', 'so it goes')).rejects.toThrow('so it goes');
  await expect(worker.ask('unheard of', 1)).rejects.toThrow('no task unheard of');
  expect(await answers).toEqual([1, big, undefined]);
  const hanging = expect(worker.ask('hang', 1)).rejects.toThrow('ended');
  await scope.disposeAsync();
  await hanging;
  expect(existsSync(`/proc/${worker.pid}`)).toBe(false);
});

test('a worker that ends fails what it was asked', async () => {
  const { worker } = start();
  const hanging = expect(worker.ask('hang', 1)).rejects.toThrow('ended');
  await expect(worker.ask('end', 1)).rejects.toThrow('ended');
  await hanging;
  await expect(worker.ask('echo', 1)).rejects.toThrow('ended');
});

test('a bench that is to end waits for no worker', async () => {
  const controller = new AbortController();
  const { worker } = start(controller.signal);
  const hanging = expect(worker.ask('hang', 1)).rejects.toThrow('enough');
  controller.abort(new Error('enough'));
  await hanging;
  await expect(worker.ask('echo', 1)).rejects.toThrow('enough');
});

test('a worker that is left alone in the middle of a task ends without a word', async () => {
  const worker = fileURLToPath(new URL('./spec/echo-worker.ts', import.meta.url));
  const bench = spawn(process.execPath, [
    '-e',
    `require('node:child_process').fork(${JSON.stringify(worker)}).send({ id: 1, name: 'busy' }, () => process.exit())`,
  ]);
  expect(await text(bench.stderr)).toBe('');
});
