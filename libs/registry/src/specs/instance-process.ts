import { connectEtcd } from '@stampede/etcd';
import { createServer } from '@stampede/rpc';
import { silentLogger } from '@stampede/telemetry';
import { createRegistrar } from '../create-registrar.ts';
import { WhoServiceDefinition } from './who-service.ts';

/** A registered instance as a process of its own, to be frozen and killed: `<id> <endpoint of etcd> <lease, seconds>`. Ends with its parent. */
const [id = '', endpoint = '', leaseSeconds = ''] = process.argv.slice(2);
const log = silentLogger();
const server = createServer({ service: 'who', instance: id, log });
server.add(WhoServiceDefinition, { who: () => Promise.resolve(id) });
const instance = { id, service: 'who', address: await server.listen(), metadata: {} };
server.setServing(true);
const etcd = connectEtcd({ endpoints: [endpoint], log });
const registrar = createRegistrar({ etcd, instance, leaseSeconds: Number(leaseSeconds), log });
await registrar.start();
process.send?.('registered');
process.on('disconnect', () => process.exit());
// Told to leave: in the order of DESIGN.md.
process.on('message', () => {
  server.setServing(false);
  void registrar
    .stop()
    .then(() => server.drain())
    .then(() => process.exit());
});
