import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { STOP_TIMEOUT_MS } from '@stampede/lifecycle';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { bundledApps, shopOf } from './apps.ts';
import { ROOT } from './root.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly args: Record<string, string> };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
}

const compose = parse(readFileSync(path.join(ROOT, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const { services } = compose;
const APPS = bundledApps();

test('it is what the compose specification allows', () => {
  const root = path.dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const text = readFileSync(path.join(root, 'schemas/compose.schema.json'), 'utf8');
  // Ajv knows this version of JSON Schema by its other address.
  const schema = text.replace('https://json-schema.org/draft-07/schema', 'http://json-schema.org/draft-07/schema#');
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(schema) as object);
  validate(compose);
  expect(validate.errors ?? []).toEqual([]);
  expect(validate({ ...compose, services: { ...services, order: { imagine: 'order' } } })).toBe(false);
});

test('every app with an image is in it, built from the one Dockerfile', () => {
  const built = Object.entries(services).filter(([, { build }]) => build !== undefined);
  expect(built.map(([name]) => name).toSorted()).toEqual(APPS);
  for (const [name, { build, image }] of built) {
    expect(build).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile', args: { SERVICE: name } });
    expect(image).toBe(`stampede/${name}`);
  }
});

test.each(APPS)('%s may write nothing, has no capability, and is given the time that it needs to leave', (app) => {
  const { read_only, cap_drop, security_opt, stop_grace_period } = services[app]!;
  expect({ read_only, cap_drop, security_opt }).toEqual({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
  expect(Number(/^(\d+)s$/.exec(stop_grace_period ?? '')?.[1]) * 1000).toBeGreaterThan(STOP_TIMEOUT_MS);
});

test.each(APPS)('%s waits for the health of all that it stands on', (app) => {
  const { environment = {}, depends_on = {} } = services[app]!;
  const urls = [environment['DATABASE_URL'], ...String(environment['ETCD_ENDPOINTS']).split(',')]
    .filter((url) => url !== undefined)
    .map((url) => new URL(String(url).replaceAll(/\$\{[^}]*\}/g, 'x')).hostname);
  const { calls, database } = shopOf(app);
  expect(environment['DATABASE_URL'] !== undefined).toBe(database);
  expect(Object.keys(depends_on)).toEqual(expect.arrayContaining([...urls, ...calls]));
  for (const [name, { condition }] of Object.entries(depends_on)) {
    expect(condition).toBe('service_healthy');
    // Of an image of ours the Dockerfile says it.
    expect(services[name]!.healthcheck !== undefined || APPS.includes(name)).toBe(true);
  }
});

test('whatever has a database gets one, of its own', () => {
  const made = String(services['postgres']!.environment!['STAMPEDE_DATABASES']).split(' ');
  expect(made.toSorted()).toEqual(APPS.filter((app) => shopOf(app).database));
  for (const app of made) {
    const url = String(services[app]!.environment!['DATABASE_URL']);
    expect([/^postgres:\/\/(\w+):/.exec(url)?.[1], /@postgres\/(\w+)$/.exec(url)?.[1]]).toEqual([app, app]);
  }
});

test('nothing waits for itself', () => {
  const waitsFor = (name: string, seen: readonly string[]): void => {
    expect(seen).not.toContain(name);
    for (const next of Object.keys(services[name]!.depends_on ?? {})) waitsFor(next, [...seen, name]);
  };
  for (const name of Object.keys(services)) waitsFor(name, []);
});

test('three etcd nodes know of each other', () => {
  const nodes = Object.keys(services).filter((name) => name.startsWith('etcd-'));
  expect(nodes).toHaveLength(3);
  for (const node of nodes) {
    expect(services[node]!.environment).toMatchObject({
      ETCD_NAME: node,
      ETCD_ADVERTISE_CLIENT_URLS: `http://${node}:2379`,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: `http://${node}:2380`,
      ETCD_INITIAL_CLUSTER: nodes.map((each) => `${each}=http://${each}:2380`).join(','),
    });
  }
});

test('the gateway alone can be reached, and from this machine alone', () => {
  for (const [name, { ports, networks }] of Object.entries(services)) {
    expect(ports).toEqual(name === 'gateway' ? ['127.0.0.1:8080:8080'] : undefined);
    expect(networks).toEqual(name === 'gateway' ? ['backing', 'outside'] : ['backing']);
  }
});
