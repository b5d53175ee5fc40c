import path from 'node:path';
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';
import { ROOT } from './support/stack.ts';

const eslint = new ESLint({ cwd: ROOT });

async function broken(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: path.join(ROOT, file) });
  return result!.messages
    .map(({ ruleId }) => ruleId ?? 'fatal')
    .filter((rule) => /boundaries|restricted|cycle/.test(rule));
}

const TAGS = '@nx/enforce-module-boundaries';
const ROOMS = '@typescript-eslint/no-restricted-imports';

test.each([
  ['the platform knows no shop', 'libs/rpc/src/index.ts', "import '@stampede/contracts';", TAGS],
  ['a kit stands on kits', 'libs/errors/src/index.ts', "import '@stampede/telemetry';", TAGS],
  ['contracts import nothing', 'libs/contracts/src/index.ts', "import '@stampede/errors';", TAGS],
  ['no app imports another', 'apps/order/src/main.ts', "import '@stampede/inventory';", TAGS],
  ['nor by the door of the simulation', 'apps/order/src/main.ts', "import '@stampede/inventory/simulation';", TAGS],
  ['nor do the tests of all', 'apps/e2e/src/support/stack.ts', "import '@stampede/order/simulation';", TAGS],
  ['the simulation has one door to each', 'apps/simulation/src/plan.ts', "import '../../order/src/config.ts';", TAGS],
  ['who ships the apps imports none', 'deploy/src/bundle/main.ts', "import '@stampede/order/simulation';", TAGS],
  ['a library has one door', 'apps/order/src/main.ts', "import '@stampede/rpc/src/metadata.ts';", TAGS],
  ['nor is there a way around it', 'apps/order/src/main.ts', "import '../../../libs/rpc/src/index.ts';", TAGS],
  ['test helpers stay in tests', 'apps/order/src/main.ts', "import '@stampede/testing';", 'no-restricted-syntax'],
  ['etcd3 has its room', 'libs/registry/src/index.ts', "import 'etcd3';", ROOMS],
  ['pg has its rooms', 'apps/order/src/main.ts', "import 'pg';", ROOMS],
  ['grpc-js has its rooms', 'libs/config/src/index.ts', "import '@grpc/grpc-js';", ROOMS],
  ['pino has its room', 'libs/rpc/src/index.ts', "import 'pino';", ROOMS],
  ['the domain imports errors alone', 'apps/order/src/domain/order.ts', "import '@stampede/contracts';", ROOMS],
  ['the domain knows no other room', 'apps/order/src/domain/order.ts', "import '../store/order-store.ts';", ROOMS],
  [
    'the rpc room does not reach the store',
    'apps/user/src/rpc/user-service.ts',
    "import '../store/accounts.ts';",
    ROOMS,
  ],
  [
    'no file imports in a circle',
    'libs/errors/src/app-error.ts',
    "export { invalid } from './invalid.ts';",
    'import-x/no-cycle',
  ],
  ['the store does not call others', 'apps/order/src/store/order-store.ts', "import '@stampede/rpc';", ROOMS],
])('%s', async (_, file, code, rule) => {
  expect(await broken(file, code)).toContain(rule);
});

test.each([
  ['apps/order/src/main.ts', "import '@stampede/rpc';\nimport './domain/order.ts';"],
  ['apps/order/src/domain/order.ts', "import '@stampede/errors';"],
  ['libs/etcd/src/index.ts', "import 'etcd3';"],
  ['apps/simulation/src/plan.ts', "import '@stampede/order/simulation';\nimport '@stampede/testing';"],
])('%s may import what is its own', async (file, code) => {
  expect(await broken(file, code)).toEqual([]);
});
