import { expect, test } from 'vitest';
import { RESTRICTED } from './pod-security.ts';
import type { Container, PodSpec, PodTemplate } from './pods.ts';

const container: Container = {
  name: 'server',
  image: 'image',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const good: PodSpec = {
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container],
};
const pod = (spec: object, metadata = {}): PodTemplate => ({ metadata, spec: { ...good, ...spec } });
const withContext = (securityContext: object) =>
  pod({ containers: [{ ...container, securityContext: { ...container.securityContext, ...securityContext } }] });
const withContainer = (fields: object) => pod({ containers: [{ ...container, ...fields }] });

test('a pod that says no more than it must is restricted', () => {
  expect(RESTRICTED.filter(({ holds }) => !holds(pod({})))).toEqual([]);
});

test.each([
  ['no Windows HostProcess', withContext({ windowsOptions: { hostProcess: true } })],
  ['no namespace of the host', pod({ hostNetwork: true })],
  ['no namespace of the host', pod({ hostPID: true })],
  ['no namespace of the host', pod({ hostIPC: true })],
  ['no privileged container', withContext({ privileged: true })],
  ['no port of the host', withContainer({ ports: [{ name: 'grpc', containerPort: 80, hostPort: 80 }] })],
  ['no probe or hook that asks another host', withContainer({ livenessProbe: { httpGet: { host: '10.0.0.1' } } })],
  ['no probe or hook that asks another host', withContainer({ lifecycle: { preStop: { tcpSocket: { host: 'a' } } } })],
  ["AppArmor's default or a local profile", withContext({ appArmorProfile: { type: 'Unconfined' } })],
  [
    "AppArmor's default or a local profile",
    pod({}, { annotations: { 'container.apparmor.security.beta.kubernetes.io/server': 'unconfined' } }),
  ],
  ['no SELinux user or role, and no type but a container’s', withContext({ seLinuxOptions: { type: 'spc_t' } })],
  ['the default /proc', withContext({ procMount: 'Unmasked' })],
  ['no unsafe sysctl', pod({ securityContext: { ...good.securityContext, sysctls: [{ name: 'kernel.msgmax' }] } })],
  ['no escalation of privileges', withContext({ allowPrivilegeEscalation: undefined })],
  ['runs as non-root', withContext({ runAsNonRoot: false })],
  ['runs as no user 0', withContext({ runAsUser: 0 })],
  ['a seccomp profile', pod({ securityContext: { runAsNonRoot: true } })],
  ['a seccomp profile', withContext({ seccompProfile: { type: 'Unconfined' } })],
  ['all capabilities dropped, none but NET_BIND_SERVICE added', withContext({ capabilities: {} })],
  [
    'all capabilities dropped, none but NET_BIND_SERVICE added',
    withContext({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
  ],
  ['volumes of harmless kinds alone', pod({ volumes: [{ name: 'data', nfs: {} }] })],
])('%s: a pod that breaks it is told, and of nothing else', (name, broken) => {
  expect(RESTRICTED.filter(({ holds }) => !holds(broken)).map((rule) => rule.name)).toEqual([name]);
});

test('a path of the host breaks two rules', () => {
  const broken = pod({ volumes: [{ name: 'data', hostPath: { path: '/' } }] });
  expect(RESTRICTED.filter(({ holds }) => !holds(broken))).toHaveLength(2);
});
