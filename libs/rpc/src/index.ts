export { staticDiscovery, type Discovery, type Instance, type InstanceSet } from './discovery.ts';
export {
  methodShape,
  type Idempotency,
  type MessageType,
  type MethodDefinition,
  type MethodKind,
  type MethodShape,
  type RequestOf,
  type ResponseOf,
  type ServiceDefinition,
} from './definition.ts';
export { whenSettled, type Interceptor, type Next, type Outcome } from './interceptor.ts';
export { Metadata, type MetadataValue } from './metadata.ts';
export { onAbort } from './on-abort.ts';
export type { ServerContext } from './server-context.ts';
export { createServer, type DrainOptions, type RpcServer, type ServerOptions } from './server/create-server.ts';
export type { ServerLimits } from './server/limits.ts';
export type {
  BidiHandler,
  ClientStreamHandler,
  HandlerOf,
  Handlers,
  ServerInterceptor,
  ServerStreamHandler,
  UnaryHandler,
} from './server/served-method.ts';
export { decodeUser, encodeUser, type User } from './wire/user-claim.ts';
export type { CallOptions, ClientContext, ClientInterceptor } from './client/call-options.ts';
export { createChannel, type Channel, type ChannelLimits, type ChannelOptions } from './client/create-channel.ts';
export { createClient, type Client, type ClientMethod } from './client/create-client.ts';
export { LANE_ADVERTISED, type TransportMode } from './client/transport-mode.ts';
export { outcomeOf, type CallOutcome } from './client/outcome.ts';
export { createProver, createVerifier } from './wire/service-proof.ts';
