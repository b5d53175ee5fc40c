import { useDatabase, useEtcd } from '@stampede/testing';

/** What a stack stands on instead of the embedded servers. */
export interface RealServers {
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** A real etcd and a database a service on a real Postgres, where STAMPEDE_TEST_ETCD and STAMPEDE_TEST_POSTGRES say that there are some. */
export async function realServers(): Promise<RealServers> {
  if (!process.env['STAMPEDE_TEST_ETCD'] || !process.env['STAMPEDE_TEST_POSTGRES']) {
    return { env: {}, stop: () => Promise.resolve() };
  }
  const etcd = await useEtcd();
  const databases = await Promise.all(
    ['user', 'inventory', 'payment', 'order'].map(async (name) => ({ ...(await useDatabase(name)), name })),
  );
  return {
    env: {
      ETCD_ENDPOINTS: etcd.endpoint,
      ...Object.fromEntries(databases.map(({ name, url }) => [`${name.toUpperCase()}_DATABASE_URL`, url])),
    },
    async stop() {
      await etcd.stop();
      await Promise.all(databases.map(({ drop }) => drop()));
    },
  };
}
