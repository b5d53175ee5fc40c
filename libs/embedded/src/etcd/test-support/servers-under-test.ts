import { startEmbeddedEtcd } from '../start-embedded-etcd.ts';
import { startRealEtcd } from './real-etcd.ts';

export interface ServerUnderTest {
  readonly name: string;
  readonly start: () => Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }>;
}

/** The embedded server, and the real one that STAMPEDE_TEST_ETCD names, if it does. */
export function serversUnderTest(binary = process.env.STAMPEDE_TEST_ETCD): ServerUnderTest[] {
  const embedded = { name: 'embedded', start: () => startEmbeddedEtcd() };
  if (binary === undefined || binary === '') return [embedded];
  return [embedded, { name: `real (${binary})`, start: () => startRealEtcd(binary) }];
}
