import { rounded } from '../measure/spread.ts';

export interface Measured {
  readonly transport: string;
  readonly callers: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
}

/** What each ratio compares: the lane's figure over the peer's, at 64 callers. */
const RATIOS = {
  laneToHttpJson64: ['undici-fastify', 'callsPerSecond'],
  laneToUnary64: ['grpc-js-unary', 'callsPerSecond'],
  laneP50ToHttpJson64: ['undici-fastify', 'p50Ms'],
  laneToRawTcp64: ['raw-tcp', 'callsPerSecond'],
} as const;

export type Ratios = Partial<Record<keyof typeof RATIOS, number>>;

/** The lane against its peers; only the ratios of which both sides were measured. */
export function ratiosOf(results: readonly Measured[]): Ratios {
  const find = (transport: string) => results.find((each) => each.transport === transport && each.callers === 64);
  const lane = find('lane');
  return Object.fromEntries(
    Object.entries(RATIOS).flatMap(([name, [peer, figure]]) => {
      const other = find(peer);
      return lane === undefined || other === undefined ? [] : [[name, rounded(lane[figure] / other[figure])]];
    }),
  );
}
