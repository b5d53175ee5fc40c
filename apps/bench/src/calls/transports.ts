/** A transport by its name, and the module that holds it. */
export interface TransportEntry {
  readonly name: string;
  readonly module: string;
  /** Whether its packages are those of `peers/rpc`. */
  readonly peer: boolean;
}

const own = (file: string) => new URL(file, import.meta.url).href;
const peer = (file: string) => new URL(`../../peers/rpc/${file}`, import.meta.url).href;

/** What the same call is made over. Another transport is one more line. */
export const TRANSPORTS: readonly TransportEntry[] = [
  { name: 'lane', module: own('./lane.ts'), peer: false },
  { name: 'stampede-grpc', module: own('./stampede-grpc.ts'), peer: false },
  { name: 'grpc-js-unary', module: peer('grpc-js-unary.mjs'), peer: true },
  { name: 'grpc-js-stream', module: peer('grpc-js-stream.mjs'), peer: true },
  { name: 'undici-fastify', module: peer('undici-fastify.mjs'), peer: true },
  { name: 'axios-express', module: peer('axios-express.mjs'), peer: true },
  { name: 'raw-tcp', module: own('./raw-tcp.ts'), peer: false },
];
