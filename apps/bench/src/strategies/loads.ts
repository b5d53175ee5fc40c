import type { ReadResult, ReadRun } from '../load/read-worker.ts';
import { startWorker } from '../process/start-worker.ts';
import { measureRound, type ShopRound } from '../shop/measure-round.ts';
import { BUYERS } from '../shop/open-for-buyers.ts';
import type { Scene } from '../shop/variants.ts';
import type { LoadKind } from './strategies.ts';

const READERS = 16;
/** How much more is wanted than can be sold, and by how many at once: more than the gateway lets in. */
const OVERLOAD = { times: 2, connections: 4_000, graceSeconds: 15, calibrationSeconds: 5 };

export interface StrategyRound extends ShopRound {
  /** Of those who look at their orders, where there are any. */
  readonly readsPerSecond?: number;
}

/** Each kind of load. What comes when a shop is overloaded is found once, so that it comes to all that are compared. */
export function createLoads(): Readonly<Record<LoadKind, (scene: Scene) => Promise<StrategyRound>>> {
  let overload: number | undefined;

  const buyers = ({ open, postgres, options }: Scene, keyPrefix = 'measured-', seconds = options.seconds) =>
    measureRound(open, postgres, { kind: 'closed', run: { keyPrefix, buyers: BUYERS, seconds } });

  return {
    buyers: (scene) => buyers(scene),
    async overload(scene) {
      const { open, postgres, options } = scene;
      if (overload === undefined) {
        const { ordersPerSecond } = await buyers(scene, 'calibration-', OVERLOAD.calibrationSeconds);
        overload = Math.round(OVERLOAD.times * ordersPerSecond);
      }
      const { connections, graceSeconds } = OVERLOAD;
      options.say(`${overload} orders a second come …`);
      const run = { keyPrefix: 'measured-', rate: overload, seconds: options.seconds, connections, graceSeconds };
      return measureRound(open, postgres, { kind: 'open', run });
    },
    async readers(scene) {
      const { shop, options } = scene;
      const { seconds, signal, scope } = options;
      const entry = new URL('../load/read-worker.ts', import.meta.url);
      const { host, port, tokens } = shop.target;
      const run: ReadRun = { host, port, tokens, readers: READERS, seconds };
      const reading = startWorker({ entry, signal, scope }).ask<ReadResult>('read', run);
      const [round, { reads, seconds: took }] = await Promise.all([buyers(scene), reading]);
      return { ...round, readsPerSecond: reads / took };
    },
  };
}
