import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const WRITE_MS = 200;

/** An entry of type `gc`. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number } };

/**
 * What a process is started with whose collections of garbage are to be told: one line each (when it began, in ms since the epoch; how long it
 * took, in ms; its kind) in a file named after the process, below the folder that STAMPEDE_BENCH_GC names.
 */
function tell(folder: string): void {
  const file = path.join(folder, String(process.pid));
  let lines = '';
  const write = () => {
    if (lines === '') return;
    appendFileSync(file, lines);
    lines = '';
  };
  new PerformanceObserver((list) => {
    for (const { startTime, duration, detail } of list.getEntries() as Collection[]) {
      lines += `${performance.timeOrigin + startTime} ${duration} ${detail.kind}\n`;
    }
  }).observe({ entryTypes: ['gc'] });
  setInterval(write, WRITE_MS).unref();
  process.on('exit', write);
}

const folder = process.env['STAMPEDE_BENCH_GC'];
if (isMainThread && folder !== undefined) tell(folder);
