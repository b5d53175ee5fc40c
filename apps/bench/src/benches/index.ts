import type { Bench } from '../bench.ts';
import { gc } from './gc.ts';
import { growth } from './growth.ts';
import { hot } from './hot.ts';
import { orders } from './orders.ts';
import { rest } from './rest.ts';
import { rpc } from './rpc.ts';
import { steady } from './steady.ts';
import { strategies } from './strategies.ts';

/** Every bench, in the order of the list. Another is a file here and a name below. */
export const benches: readonly Bench[] = [rpc, rest, orders, hot, steady, strategies, growth, gc];
