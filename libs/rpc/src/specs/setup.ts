import { silentLogger } from '@stampede/telemetry';
import { onTestFinished } from 'vitest';
import { EchoServiceDefinition, type EchoRequest } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { createChannel, type Channel, type ChannelOptions } from '../client/create-channel.ts';
import { createClient, type Client } from '../client/create-client.ts';
import type { TransportMode } from '../client/transport-mode.ts';
import type { Instance } from '../discovery.ts';
import { FakeDiscovery } from './fake-discovery.ts';
import { createServer, type RpcServer, type ServerOptions } from '../server/create-server.ts';
import { echoHandlers, type EchoHandlers } from './echo-handlers.ts';

export { response, type EchoHandlers } from './echo-handlers.ts';
export { FakeDiscovery } from './fake-discovery.ts';

/** What the conformance specs run over. */
export const TRANSPORTS: readonly (readonly [name: string, transport: TransportMode])[] = [
  ['grpc', 'unary'],
  ['lane', 'lane'],
];

export type Echo = Client<typeof EchoServiceDefinition>;
export const request = (over: Partial<EchoRequest> = {}): EchoRequest => ({
  text: '',
  number: 0,
  payload: Buffer.alloc(0),
  ...over,
});

export interface EchoServer {
  readonly server: RpcServer;
  readonly instance: Instance;
}

let made = 0;

/** A real server on a free port, stopped when the test is over. */
export async function startEcho(
  handlers: Partial<EchoHandlers> = {},
  options: Partial<ServerOptions> = {},
): Promise<EchoServer> {
  made += 1;
  const id = options.instance ?? `echo-${made}`;
  const server = createServer({ service: 'echo', instance: id, log: silentLogger(), ...options });
  server.add(EchoServiceDefinition, { ...echoHandlers, ...handlers });
  const address = await server.listen();
  server.setServing(true);
  onTestFinished(() => server.drain({ timeoutMs: 0 }));
  return { server, instance: { id, service: 'echo', address, metadata: {} } };
}

export interface Connected {
  readonly channel: Channel;
  readonly client: Echo;
  readonly discovery: FakeDiscovery;
}

/** A client of these instances, closed when the test is over. */
export function connect(
  instances: readonly Instance[] | FakeDiscovery,
  options: Partial<ChannelOptions> = {},
): Connected {
  const discovery = instances instanceof FakeDiscovery ? instances : new FakeDiscovery(instances);
  const channel = createChannel({
    service: 'echo',
    discovery,
    caller: { service: 'spec' },
    log: silentLogger(),
    // Long, since the machine that runs the specs may be busy.
    defaultDeadlineMs: 25_000,
    ...options,
  });
  onTestFinished(() => channel.close());
  return { channel, client: createClient(EchoServiceDefinition, channel), discovery };
}

/** Reads a stream to its end. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** The error that a call fails with. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was to fail');
}
