import path from 'node:path';
import { AppError } from '@stampede/errors';

/** The programs of the shop, in the order in which they start. */
export const APPS = ['user', 'inventory', 'payment', 'order', 'gateway'] as const;
export type App = (typeof APPS)[number];

/** The apps that keep a database of their own. */
export const DATABASES = ['user', 'inventory', 'payment', 'order'] as const satisfies readonly App[];

const MAX_INSTANCES = 16;

export interface Settings {
  /** Absolute; everything that a start writes is below it. */
  readonly dataDir: string;
  readonly instances: Readonly<Record<App, number>>;
  readonly operatorPassword: string | undefined;
  /** `apps`: everything; `backing`: etcd and Postgres alone, the apps are started by somebody else (`nx run-many -t serve`). */
  readonly mode: 'apps' | 'backing';
  /** Whether a change of a source file restarts what uses it. */
  readonly watch: boolean;
}

/** Reads the environment and the command line. Throws INVALID_ARGUMENT naming the variable that makes no sense. */
export function readSettings(env: NodeJS.ProcessEnv, argv: readonly string[]): Settings {
  const port = env['PORT'];
  if (port !== undefined && port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw badVariable('PORT', `"${port}" is not a port`);
  }
  return {
    dataDir: dataDirOf(env),
    instances: readInstances(env['STAMPEDE_INSTANCES'] ?? ''),
    operatorPassword: env['STAMPEDE_OPERATOR_PASSWORD'] === '' ? undefined : env['STAMPEDE_OPERATOR_PASSWORD'],
    mode: argv.includes('--backing') ? 'backing' : 'apps',
    watch: argv.includes('--dev'),
  };
}

/** The folder that holds all data of a stack: STAMPEDE_DATA, `.stampede` if unset. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  return path.resolve(
    env['STAMPEDE_DATA'] === undefined || env['STAMPEDE_DATA'] === '' ? '.stampede' : env['STAMPEDE_DATA'],
  );
}

function readInstances(text: string): Record<App, number> {
  const instances: Record<App, number> = { user: 1, inventory: 1, payment: 1, order: 1, gateway: 1 };
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const match = /^\s*([a-z]+)\s*=\s*(\d{1,2})\s*$/.exec(part);
    const app = APPS.find((name) => name === match?.[1]);
    const count = Number(match?.[2]);
    if (app === undefined || count < 1 || count > MAX_INSTANCES) {
      throw badVariable(
        'STAMPEDE_INSTANCES',
        `"${part}" is not <app>=<1..${MAX_INSTANCES}> with an app of ${APPS.join(', ')}`,
      );
    }
    instances[app] = count;
  }
  return instances;
}

function badVariable(field: string, description: string): AppError {
  return new AppError('INVALID_ARGUMENT', 'BAD_ENVIRONMENT', `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}
