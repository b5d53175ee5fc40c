import { readFileSync } from 'node:fs';
import path from 'node:path';
import { STOP_TIMEOUT_MS } from '@stampede/lifecycle';
import { describe, expect, test } from 'vitest';
import { bundledApps, shopOf } from '../apps.ts';
import { readDockerfile } from '../image/read-dockerfile.ts';
import { ROOT } from '../root.ts';
import { build, builder, nameOf, type Manifest } from './build.ts';
import { RESTRICTED } from './pod-security.ts';
import { containersOf, podOf, type PodTemplate } from './pods.ts';
import { unknownFields, violations } from './validate.ts';

const APPS = bundledApps();
const image = readDockerfile(readFileSync(path.join(ROOT, 'deploy/Dockerfile'), 'utf8'));
const WITH_DATABASE = APPS.filter((app) => shopOf(app).database);

/** As far as it is looked at here. */
interface Spec {
  readonly template: PodTemplate;
  readonly selector: Readonly<Record<string, string>> & { readonly matchLabels: Readonly<Record<string, string>> };
}

/** Milliseconds that Kubernetes may be late, and a process may take to be gone once it has stopped. */
const SPARE_MS = 4_000;

if (builder === undefined)
  process.stderr.write('manifests are not tested: neither kubectl nor kustomize is installed\n');

describe.skipIf(builder === undefined).each(['base', 'overlays/dev'])('%s', (folder) => {
  const manifests = builder === undefined ? [] : build(folder);
  const podsOf = () =>
    manifests.flatMap((manifest) => {
      const pod = podOf(manifest);
      return pod === undefined ? [] : [[nameOf(manifest), pod] as const];
    });
  const find = (kind: string, name: string) => {
    const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    expect(found, `${kind} ${name}`).toBeDefined();
    return found as Manifest & { readonly spec: Spec };
  };
  const workloadOf = (app: string) => (app === 'gateway' ? 'gateway' : `${app}-service`);

  test('every object is valid by its schema', async () => {
    for (const manifest of manifests)
      expect([nameOf(manifest), await violations(manifest)]).toEqual([nameOf(manifest), []]);
  });

  test('and has no field that Kubernetes does not know', () => {
    expect(unknownFields(manifests)).toEqual([]);
  });

  test('no two are one', () => {
    const names = manifests.map(nameOf);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('all are in the namespace, which lets in nothing less than restricted', () => {
    for (const { kind, metadata } of manifests)
      expect(metadata.namespace).toBe(kind === 'Namespace' ? undefined : 'stampede');
    expect(find('Namespace', 'stampede').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  });

  describe.each(podsOf().map(([name, pod]) => ({ name, pod })))('$name', ({ pod }) => {
    test.each(RESTRICTED)('$name', ({ holds }) => {
      expect(holds(pod)).toBe(true);
    });

    test('writes nothing, asks for resources, has no token for the API', () => {
      expect(pod.spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      for (const { securityContext, resources } of containersOf(pod.spec)) {
        expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true });
        expect(resources).toMatchObject({
          requests: { cpu: expect.any(String) as string, memory: expect.any(String) as string },
          limits: { memory: expect.any(String) as string },
        });
      }
    });
  });

  test.each(APPS)('%s: probes, a grace that its drain fits into, its own address', (app) => {
    const { spec } = find('Deployment', workloadOf(app)).spec.template;
    const [container] = spec.containers;
    const probes = [container!.startupProbe, container!.readinessProbe, container!.livenessProbe];
    const probe = app === 'gateway' ? { httpGet: { port: 'http' } } : { grpc: { port: 8080 } };
    for (const each of probes) expect(each).toMatchObject(probe);
    const preStopMs = (container!.lifecycle?.['preStop']?.sleep?.seconds ?? 0) * 1000;
    expect(preStopMs).toBeGreaterThan(0);
    expect((spec.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThanOrEqual(
      preStopMs + STOP_TIMEOUT_MS + SPARE_MS,
    );
    expect(container!.env).toContainEqual({
      name: 'ADVERTISE_HOST',
      valueFrom: { fieldRef: { fieldPath: 'status.podIP' } },
    });
    expect(container!.image.split(':')[0]).toBe(`stampede/${app}`);
    const ports = container!.ports?.map(({ containerPort }) => String(containerPort));
    expect(ports).toEqual(app === 'gateway' ? [image.env['PORT']] : [image.env['PORT'], image.env['ADMIN_PORT']]);
  });

  test.each(APPS)(
    '%s: a Service, a budget of disruption and an autoscaler that meet its pods, and no others',
    (app) => {
      const name = workloadOf(app);
      const { labels } = find('Deployment', name).spec.template.metadata!;
      const selectors = [
        find('Service', name).spec.selector,
        find('PodDisruptionBudget', name).spec.selector.matchLabels,
      ];
      for (const selector of selectors) {
        const met = podsOf().filter(([, { metadata }]) =>
          Object.entries(selector).every(([key, value]) => metadata?.labels?.[key] === value),
        );
        expect(labels).toMatchObject(selector);
        expect(met.map(([each]) => each)).toEqual([`Deployment ${name}`]);
      }
      expect(find('HorizontalPodAutoscaler', name).spec).toMatchObject({
        scaleTargetRef: { kind: 'Deployment', name },
      });
      expect(find('Deployment', name).spec).not.toHaveProperty('replicas');
    },
  );

  test.each(WITH_DATABASE)('%s: a Job migrates, on the same image and database; the service waits for it', (app) => {
    const job = find('Job', `${app}-migrate`).spec.template.spec.containers[0]!;
    const server = find('Deployment', workloadOf(app)).spec.template.spec.containers[0]!;
    expect([job.image, job.args]).toEqual([server.image, ['migrate']]);
    const url = server.env?.find(({ name }) => name === 'DATABASE_URL');
    expect(url?.valueFrom?.secretKeyRef?.name).toMatch(new RegExp(`^${app}-database`));
    expect(job.env).toEqual([url]);
    expect(server.env).toContainEqual({ name: 'MIGRATE_AT_START', value: 'false' });
  });

  test('secrets are named, never written down but for a laptop', () => {
    const made = manifests.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
    const referred = podsOf().flatMap(([, { spec }]) =>
      containersOf(spec).flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? [])),
    );
    if (folder === 'base') {
      expect(made).toEqual([]);
      expect([...new Set(referred)].toSorted()).toEqual(
        [...WITH_DATABASE.map((app) => `${app}-database`), 'stampede'].toSorted(),
      );
    } else expect([...new Set(referred)].toSorted()).toEqual(made.toSorted());
  });

  test('every ConfigMap that is referred to is there, and its settings are those of three etcd nodes', () => {
    for (const app of APPS) {
      const { envFrom } = find('Deployment', workloadOf(app)).spec.template.spec.containers[0]!;
      const { data } = find('ConfigMap', envFrom?.[0]?.configMapRef?.name ?? '');
      expect(data?.['ETCD_ENDPOINTS']?.split(',')).toEqual([0, 1, 2].map((index) => `http://etcd-${index}.etcd:2379`));
    }
  });

  test('etcd: three nodes with a disk each, names before they are ready, at most one disrupted', () => {
    expect(find('StatefulSet', 'etcd').spec).toMatchObject({
      replicas: 3,
      serviceName: 'etcd',
      podManagementPolicy: 'Parallel',
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    });
    expect(find('Service', 'etcd').spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(find('PodDisruptionBudget', 'etcd').spec).toMatchObject({ maxUnavailable: 1 });
    const { containers } = find('StatefulSet', 'etcd').spec.template.spec;
    const peers = containers[0]!.env?.find(({ name }) => name === 'ETCD_INITIAL_CLUSTER')?.value;
    expect(peers).toBe([0, 1, 2].map((index) => `etcd-${index}=http://etcd-${index}.etcd:2380`).join(','));
  });
});

test.skipIf(builder === undefined)('what is wrong is noticed: by the schema, and by the names of fields', async () => {
  const pod = build('base').find(({ kind }) => kind === 'Deployment')!;
  const wrong = structuredClone(pod) as Manifest & { spec: { minReadySeconds?: unknown; replcas?: unknown } };
  wrong.spec.minReadySeconds = 'soon';
  expect(await violations(wrong)).not.toEqual([]);
  delete wrong.spec.minReadySeconds;
  wrong.spec.replcas = 2;
  expect(unknownFields([wrong])).toEqual([expect.stringContaining('replcas')]);
});
