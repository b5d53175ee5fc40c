import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pausesIn } from './pauses.ts';

test('what began in the span counts, with its part of it', () => {
  const lines = ['999.5 8 1', '1000 5 1', '1500.25 20 4', '1800 2 1', '1990 30 8', '2000 50 1', ''].join('\n');
  expect(pausesIn(lines, { from: 1_000, to: 2_000 })).toEqual({
    share: 0.037,
    longestMs: 20,
    minorPerSecond: 2,
    majorPerSecond: 1,
  });
  expect(pausesIn('', { from: 0, to: 1 })).toEqual({ share: 0, longestMs: 0, minorPerSecond: 0, majorPerSecond: 0 });
});

test('a process that is started with the probe tells what it collected', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-gc-spec-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const probe = new URL('./probe.ts', import.meta.url).href;
  const from = Date.now() - 1;
  // The observer is told by and by.
  const work = 'globalThis.gc(); globalThis.gc({ type: "minor" }); setTimeout(() => undefined, 50)';
  execFileSync(process.execPath, ['--expose-gc', `--import=${probe}`, '-e', work], {
    env: { ...process.env, STAMPEDE_BENCH_GC: folder },
  });
  const [file = ''] = readdirSync(folder);
  const pauses = pausesIn(readFileSync(path.join(folder, file), 'utf8'), { from, to: Date.now() + 1 });
  expect(pauses.longestMs).toBeGreaterThan(0);
  expect(pauses.minorPerSecond).toBeGreaterThan(0);
  expect(pauses.majorPerSecond).toBeGreaterThan(0);
});
