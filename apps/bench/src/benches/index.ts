import type { Bench } from '../bench.ts';
import { rpc } from './rpc.ts';

/** Every bench, in the order of the list. Another is a file here and a name below. */
export const benches: readonly Bench[] = [rpc];
