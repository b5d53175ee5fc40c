import { stampedeRpc } from './stampede-rpc.ts';

/** The lane: what services use among each other. */
export const transport = stampedeRpc('lane');
