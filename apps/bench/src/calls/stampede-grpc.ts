import { stampedeRpc } from './stampede-rpc.ts';

/** Plain gRPC, as every peer in every language may call. */
export const transport = stampedeRpc('unary');
