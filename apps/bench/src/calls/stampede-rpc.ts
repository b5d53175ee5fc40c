import { InventoryServiceDefinition } from '@stampede/contracts';
import {
  createChannel,
  createClient,
  createServer,
  staticDiscovery,
  type Handlers,
  type TransportMode,
} from '@stampede/rpc';
import { formatTraceparent, parseTraceparent, silentLogger } from '@stampede/telemetry';
import type { RpcTransport } from './transport.ts';

const log = silentLogger();
const NOBODY = { id: '', roles: [] };

/** `@stampede/rpc`, as services use it, over one of its transports. */
export const stampedeRpc = (transport: TransportMode): RpcTransport => ({
  async serve(handler, secret) {
    const server = createServer({ service: 'inventory', instance: 'inventory-1', log, secret, usersFrom: ['order'] });
    const unused = () => Promise.reject(new Error('not part of this bench'));
    const handlers = Object.fromEntries(
      Object.keys(InventoryServiceDefinition.methods).map((method) => [method, unused]),
    );
    server.add(InventoryServiceDefinition, {
      ...(handlers as unknown as Handlers<typeof InventoryServiceDefinition>),
      reserveStock: (request, { caller, user = NOBODY, requestId, trace, deadline }) =>
        Promise.resolve(handler(request, { caller, user, requestId, traceparent: formatTraceparent(trace), deadline })),
    });
    const address = await server.listen();
    server.setServing(true);
    return address;
  },

  async connect(address, service, secret) {
    const discovery = staticDiscovery({ inventory: [address] });
    const channel = createChannel({ service: 'inventory', discovery, caller: { service, secret }, log, transport });
    await channel.ready(AbortSignal.timeout(10_000));
    const client = createClient(InventoryServiceDefinition, channel);
    return (request, { requestId, traceparent, user, deadlineMs }) => {
      const trace = parseTraceparent(traceparent);
      return client.reserveStock(request, { requestId, user, deadlineMs, ...(trace && { trace }) });
    };
  },
});
