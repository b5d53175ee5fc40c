export { listedCrashPoints } from './crash-point-table.ts';
export { startEtcdProcess, type EtcdProcess } from './etcd-process.ts';
export { besiege, residentMb, socketsOf, type Siege, type SiegeOptions } from './besiege.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { fakeClock, sleepOn, type FakeClock, type FakeClockOptions } from './fake-clock.ts';
export { seededRandom } from './seeded-random.ts';
export { tcpLink, type TcpLink, type TcpLinkOptions } from './tcp-link.ts';
export { useDatabase, type TestDatabase } from './use-database.ts';
export { useEtcd, type TestEtcd } from './use-etcd.ts';
