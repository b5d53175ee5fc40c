import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMb } from '@stampede/testing';
import type { Bench } from '../bench.ts';
import { epochMs } from '../measure/epoch-ms.ts';
import { CANDIDATES } from '../gc/candidates.ts';
import { pausesIn, type Pauses, type Span } from '../gc/pauses.ts';
import { reportGc, type GcRound } from '../gc/report-gc.ts';
import { measureRound } from '../shop/measure-round.ts';
import { BUYERS } from '../shop/open-for-buyers.ts';
import { measureVariants, type Variant } from '../shop/variants.ts';

const PROBE = new URL('../gc/probe.ts', import.meta.url).href;
/** Until the probe has written what it saw. */
const WRITTEN_MS = 500;

export const gc: Bench = {
  name: 'gc',
  summary: "Node's defaults against other flags: time spent collecting garbage, the longest pause, p99",
  parts: CANDIDATES.map(({ name }) => name),
  defaults: { seconds: 20, rounds: 3 },
  async run(options) {
    const { parts, scope } = options;
    const candidates = CANDIDATES.filter(({ name }) => parts?.includes(name) ?? true);
    const folder = await mkdtemp(path.join(tmpdir(), 'stampede-bench-gc-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const watching = { NODE_OPTIONS: `--import=${PROBE}`, STAMPEDE_BENCH_GC: folder };
    const variants = candidates.map(({ name, flags }): Variant => {
      const env = { ...watching, ...(flags !== undefined && { STAMPEDE_NODE_FLAGS: flags }) };
      return { name, settings: () => ({ env }) };
    });
    const measured = await measureVariants(variants, options, async ({ open, shop, postgres, options: own }) => {
      const from = epochMs();
      const run = { keyPrefix: 'measured-', buyers: BUYERS, seconds: own.seconds };
      const round = await measureRound(open, postgres, { kind: 'closed', run });
      const span = { from, to: epochMs() };
      await sleep(WRITTEN_MS, undefined, { signal: own.signal });
      const processes: GcRound['processes'] = Object.fromEntries(
        await Promise.all(
          shop.processes.map(
            async ({ name, pid }) =>
              [
                name,
                { ...(await pausesOf(path.join(folder, String(pid)), span)), residentMb: residentMb(pid) },
              ] as const,
          ),
        ),
      );
      return { ...round, processes };
    });
    return reportGc(candidates, measured);
  },
};

/** A process that never collected has written nothing. */
async function pausesOf(file: string, span: Span): Promise<Pauses> {
  return pausesIn(await readFile(file, 'utf8').catch(() => ''), span);
}
