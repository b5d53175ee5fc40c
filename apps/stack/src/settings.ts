import path from 'node:path';
import { AppError } from '@stampede/errors';
import type { App } from './apps.ts';
import { NODE_FLAGS } from './node-flags.ts';

const MAX_INSTANCES = 16;

export interface Settings {
  /** Absolute; everything that a start writes is below it. */
  readonly dataDir: string;
  readonly apps: readonly App[];
  /** How many of each app, by its name. */
  readonly instances: Readonly<Record<string, number>>;
  readonly operatorPassword: string | undefined;
  /** Where the first gateway listens; port 0 is any free one. */
  readonly host: string;
  readonly port: number;
  /** `apps`: everything; `backing`: etcd and Postgres alone, the apps are started by somebody else (`nx run-many -t serve`). */
  readonly mode: 'apps' | 'backing';
  /** Whether a change of a source file restarts what uses it. */
  readonly watch: boolean;
  /** What Node is started with, for each app. */
  readonly nodeFlags: readonly string[];
  /** The point at which each instance of an app is to die once: `order.pay.after`. */
  readonly crashAt: { readonly app: string; readonly point: string } | undefined;
}

/** Reads the environment and the command line. Throws INVALID_ARGUMENT naming the variable that makes no sense. */
export function readSettings(env: NodeJS.ProcessEnv, argv: readonly string[], apps: readonly App[]): Settings {
  const port = env['PORT'];
  if (port !== undefined && port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw badVariable('PORT', `"${port}" is not a port`);
  }
  const operatorPassword = env['STAMPEDE_OPERATOR_PASSWORD'] === '' ? undefined : env['STAMPEDE_OPERATOR_PASSWORD'];
  if (operatorPassword !== undefined && (operatorPassword.length < 8 || operatorPassword.length > 128)) {
    throw badVariable('STAMPEDE_OPERATOR_PASSWORD', 'must be 8 to 128 characters');
  }
  return {
    dataDir: dataDirOf(env),
    host: env['HOST'] === undefined || env['HOST'] === '' ? '127.0.0.1' : env['HOST'],
    port: port === undefined || port === '' ? 8080 : Number(port),
    apps,
    instances: readInstances(env['STAMPEDE_INSTANCES'] ?? '', apps),
    operatorPassword,
    mode: argv.includes('--backing') ? 'backing' : 'apps',
    watch: argv.includes('--dev'),
    nodeFlags: readNodeFlags(env['STAMPEDE_NODE_FLAGS'] ?? ''),
    crashAt: readCrashAt(env['STAMPEDE_CRASH_AT'] ?? '', apps),
  };
}

/** The folder that holds all data of a stack: STAMPEDE_DATA, `.stampede` if unset. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  return path.resolve(
    env['STAMPEDE_DATA'] === undefined || env['STAMPEDE_DATA'] === '' ? '.stampede' : env['STAMPEDE_DATA'],
  );
}

function readInstances(text: string, apps: readonly App[]): Record<string, number> {
  const instances = Object.fromEntries(apps.map(({ name }) => [name, 1]));
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const match = /^\s*([a-z][a-z0-9-]*)\s*=\s*(\d{1,2})\s*$/.exec(part);
    const name = match?.[1] ?? '';
    const count = Number(match?.[2]);
    if (!Object.hasOwn(instances, name) || count < 1 || count > MAX_INSTANCES) {
      throw badVariable(
        'STAMPEDE_INSTANCES',
        `"${part}" is not <app>=<1..${MAX_INSTANCES}> with an app of ${Object.keys(instances).join(', ')}`,
      );
    }
    instances[name] = count;
  }
  return instances;
}

/** Flags as in a shell without quotes. Which of them there are, Node knows. */
function readNodeFlags(text: string): readonly string[] {
  const flags = text.split(/\s+/).filter((flag) => flag !== '');
  const stranger = flags.find((flag) => !flag.startsWith('-'));
  if (stranger !== undefined) throw badVariable('STAMPEDE_NODE_FLAGS', `"${stranger}" is no flag: write --name=value`);
  return flags.length === 0 ? NODE_FLAGS : flags;
}

/** What points an app has it knows itself; it refuses one that it does not have. */
function readCrashAt(point: string, apps: readonly App[]): Settings['crashAt'] {
  if (point === '') return undefined;
  const app = point.split('.', 1)[0] ?? '';
  if (apps.some(({ name }) => name === app)) return { app, point };
  throw badVariable(
    'STAMPEDE_CRASH_AT',
    `"${point}" is not <app>.<step>.<moment> with an app of ${apps.map(({ name }) => name).join(', ')}`,
  );
}

function badVariable(field: string, description: string): AppError {
  return new AppError('INVALID_ARGUMENT', 'BAD_ENVIRONMENT', `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}
