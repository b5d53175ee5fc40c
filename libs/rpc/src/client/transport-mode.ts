import type { Clock } from '@stampede/lifecycle';
import type { Logger } from '@stampede/telemetry';
import type { Instance } from '../discovery.ts';
import { grpcTransport } from './grpc-transport.ts';
import { laneTransport } from './lane-transport.ts';
import type { TransportFactory } from './transport.ts';

/**
 * What carries unary calls. `unary`: plain gRPC. `lane`: the lane, whatever an instance says of itself, and nothing else. `auto`: the lane to the
 * instances that advertise it, plain gRPC to all others, and to those of the former that open none.
 */
export type TransportMode = 'unary' | 'lane' | 'auto';

export interface TransportOptions {
  /** Bytes of one response message. */
  readonly maxReceiveBytes: number;
  readonly keepaliveMs: number;
  readonly pingMs: number;
  readonly pongMs: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What an instance that serves the lane says in its metadata: the versions of the lane that it speaks, which is one. */
export const LANE_ADVERTISED = { lane: '1' } as const;

export function transportOf(mode: TransportMode, options: TransportOptions): TransportFactory {
  const plain = grpcTransport(options);
  if (mode === 'unary') return plain;
  const lane = laneTransport({ ...options, fallback: mode === 'auto' });
  if (mode === 'lane') return lane;
  return (instance, changed) => (advertisesLane(instance) ? lane(instance, changed) : plain(instance, changed));
}

function advertisesLane({ metadata }: Instance): boolean {
  return metadata['lane'] === LANE_ADVERTISED.lane;
}
