import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@stampede/testing';
import type { AppName } from '../support/program.ts';
import { startRig } from '../support/rig.ts';
import { auditStack, type AuditResult } from '../support/stack.ts';
import { brokenPromises } from './broken-promises.ts';
import { disturb, NotThereError } from './disturb.ts';
import { describe, durationOf, seconds } from './disturbance.ts';
import { causeOf, counted, memoryOf } from './figures.ts';
import { startKeeper } from './keeper.ts';
import { openShop } from './open-shop.ts';
import { probe } from './probe.ts';
import { makeSchedule } from './schedule.ts';
import { startShoppers } from './shoppers.ts';
import { keepSupervisor } from './supervisor.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: Readonly<Record<AppName, number>>;
  readonly say: (line: string) => void;
  /** Breaks the run off: no verdict, nothing left behind. */
  readonly signal?: AbortSignal;
}

export interface ChaosResult {
  /** Everything that is not as promised; the run is good where there is nothing. */
  readonly faults: readonly string[];
  readonly placed: number;
  /** How many orders ended as what. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** What a client without repetition would have seen fail, by the event that was the last to begin before. */
  readonly rawFailures: Readonly<Record<string, number>>;
  readonly longestMs: number;
  /** From when the last event was over and all programs served until everybody knew, and no order was in motion. */
  readonly restMs: number;
  readonly audit: AuditResult;
  /** Resident memory of each program at the end, in MiB. */
  readonly memory: Readonly<Record<string, number>>;
  /** Kept where there is a fault. */
  readonly dataDir: string;
}

/** The promise: so long after the last event is over and everything is back, everybody has an answer and nothing is in motion. */
export const REST_MS = 60_000;
/** Bringing a process up is the machine's affair, and a busy one takes its time; yet it ends. */
const START_MS = 300_000;
const SHOPPERS = 32;
/** Brings a shop up, plays the schedule of the seed on it under load, lets it come to rest, and judges it. */
export async function runChaos({ seed, minutes, instances, say, signal }: ChaosOptions): Promise<ChaosResult> {
  const schedule = makeSchedule({ seed, minutes, instances });
  const random = seededRandom(~seed);
  const pauseMs = () => Math.round(100 + random() * 3_000);
  const over = new AbortController();
  const broken = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  // No token ends within a run.
  const rig = await startRig({
    instances,
    linked: true,
    startTimeoutMs: START_MS,
    ...(signal !== undefined && { signal }),
    env: { user: { USER_TOKENS_ACCESS_SECONDS: '86400' } },
  });
  const keeper = startKeeper({ rig, pauseMs, say });
  const supervisor = keepSupervisor({ rig, pauseMs, signal: broken, say });
  let keepData = false;

  try {
    const shop = await openShop(rig);
    const shoppers = startShoppers({
      seed,
      gateways: () => rig.gateways,
      customers: shop.customers.map(({ token }) => token),
      operator: shop.operator.token,
      shelves: shop.shelves,
      count: SHOPPERS,
      signal: broken,
    });
    const faults: string[] = [];
    const began = performance.now();
    const tell = (what: string) => {
      say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
    };

    await Promise.all(
      schedule.map(async (event) => {
        await sleep(began + event.at - performance.now(), undefined, { signal: broken });
        tell(describe(event));
        try {
          await disturb(event, { rig, keeper, supervisor, pauseMs, signal: broken });
          if (durationOf(event) > 0) tell(`over: ${describe(event)}`);
        } catch (error) {
          if (error instanceof NotThereError) tell(`passed over, for ${error.message}: ${describe(event)}`);
          else faults.push(`${describe(event)}: ${String(error)}`);
        }
      }),
    );
    broken.throwIfAborted();
    tell('the last event is over');
    const overAt = performance.now();
    while (!(keeper.allServe && supervisor.open)) {
      if (performance.now() - overAt > START_MS) throw new Error('not everything serves again');
      await sleep(50, undefined, { signal: broken });
    }
    tell('everything serves again');
    const quietAt = performance.now();
    await shoppers.end(REST_MS);
    broken.throwIfAborted();
    const withoutVerdict = shoppers.withoutVerdict;
    tell(withoutVerdict.length === 0 ? 'everybody knows what became of their orders' : 'not everybody knows');
    const audit = await auditStack(rig.stack, REST_MS / 1_000);
    const restMs = performance.now() - quietAt;
    tell(`the audit is ${audit.clean ? 'clean' : 'BROKEN'}`);

    const promised = [...shoppers.promised.values()];
    if (restMs > REST_MS) faults.push(`the shop came to rest only after ${seconds(restMs)}`);
    if (audit.moving > 0) faults.push(`${audit.moving} orders are still in motion`);
    faults.push(
      ...withoutVerdict.map((each) => `no verdict: ${each}`),
      ...shoppers.wrong.map((each) => `a wrong answer: ${each}`),
      ...(await brokenPromises(promised, rig.gateways)).map((each) => `a broken promise: ${each}`),
      ...(await probe(rig, shop)).map((each) => `not well afterwards: ${each}`),
      ...audit.findings.flatMap(({ name, violations }) => violations.map((each) => `audit, ${name}: ${each}`)),
      ...keeper.surprises,
      ...supervisor.surprises,
    );
    keepData = faults.length > 0;
    return {
      faults,
      placed: shoppers.placed,
      byStatus: counted(promised.map(({ status }) => status)),
      rawFailures: counted(shoppers.rawFailures.map(({ at, what }) => `${causeOf(at - began, schedule)}: ${what}`)),
      longestMs: shoppers.longestMs,
      restMs,
      audit,
      memory: await memoryOf(rig),
      dataDir: rig.dataDir,
    };
  } catch (error) {
    keepData = signal?.aborted !== true;
    if (keepData) say(`what is left of it is in ${rig.dataDir}`);
    throw error;
  } finally {
    over.abort();
    await keeper.stop();
    await rig.close({ keepData });
  }
}
