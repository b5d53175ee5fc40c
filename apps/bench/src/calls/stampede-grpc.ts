import { stampedeRpc } from './stampede-rpc.ts';

/** Plain gRPC, which is what a channel uses if told nothing. */
export const transport = stampedeRpc({});
