import { startEmbeddedEtcd } from '@stampede/embedded';

/** The embedded etcd as a program: `node etcd-server.ts <data folder> <port>`. It ends with whoever forked it. */
const [dataDir = '', port = '0'] = process.argv.slice(2);
process.once('disconnect', () => process.exit(0));
await startEmbeddedEtcd({ dataDir, port: Number(port) });
process.send?.('ready');
