import { containersOf, type Container, type PodTemplate, type SecurityContext } from './pods.ts';

/** A rule of the restricted Pod Security Standard (kubernetes.io/docs/concepts/security/pod-security-standards). */
export interface Rule {
  readonly name: string;
  readonly holds: (pod: PodTemplate) => boolean;
}

const VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);
const SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);
const SELINUX = new Set([undefined, '', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

const each = (pod: PodTemplate, holds: (container: Container) => boolean) => containersOf(pod.spec).every(holds);
/** Of the pod, where it says something, and of each container that does. */
const all = (pod: PodTemplate, holds: (context: SecurityContext) => boolean) =>
  [pod.spec, ...containersOf(pod.spec)].every(({ securityContext }) => holds(securityContext ?? {}));
/** Said by each container, or by the pod for those that say nothing. */
const said = (pod: PodTemplate, holds: (context: SecurityContext) => boolean | undefined) =>
  each(pod, ({ securityContext }) => holds(securityContext ?? {}) ?? holds(pod.spec.securityContext ?? {}) ?? false);

export const RESTRICTED: readonly Rule[] = [
  { name: 'no Windows HostProcess', holds: (pod) => all(pod, (it) => it.windowsOptions?.hostProcess !== true) },
  {
    name: 'no namespace of the host',
    holds: ({ spec }) => spec.hostNetwork !== true && spec.hostPID !== true && spec.hostIPC !== true,
  },
  { name: 'no privileged container', holds: (pod) => all(pod, (it) => it.privileged !== true) },
  {
    name: 'no volume of the host',
    holds: ({ spec }) => (spec.volumes ?? []).every((it) => it['hostPath'] === undefined),
  },
  {
    name: 'no port of the host',
    holds: (pod) => each(pod, ({ ports = [] }) => ports.every(({ hostPort = 0 }) => hostPort === 0)),
  },
  {
    name: 'no probe or hook that asks another host',
    holds: (pod) =>
      each(pod, ({ startupProbe, readinessProbe, livenessProbe, lifecycle = {} }) =>
        [startupProbe, readinessProbe, livenessProbe, ...Object.values(lifecycle)].every((probe) =>
          ['httpGet', 'tcpSocket'].every((way) => (probe?.[way] as { host?: string } | undefined)?.host === undefined),
        ),
      ),
  },
  {
    name: "AppArmor's default or a local profile",
    holds: (pod) =>
      all(pod, (it) => it.appArmorProfile?.type !== 'Unconfined') &&
      Object.entries(pod.metadata?.annotations ?? {}).every(
        ([key, value]) => !key.startsWith('container.apparmor.security.beta.kubernetes.io/') || value !== 'unconfined',
      ),
  },
  {
    name: 'no SELinux user or role, and no type but a container’s',
    holds: (pod) =>
      all(pod, ({ seLinuxOptions: it }) => SELINUX.has(it?.type) && !(it?.user ?? '') && !(it?.role ?? '')),
  },
  {
    name: 'the default /proc',
    holds: (pod) => all(pod, ({ procMount = 'Default' }) => procMount === 'Default'),
  },
  {
    name: 'no unsafe sysctl',
    holds: (pod) => all(pod, ({ sysctls = [] }) => sysctls.every(({ name }) => SYSCTLS.has(name))),
  },
  {
    name: 'volumes of harmless kinds alone',
    holds: ({ spec }) =>
      (spec.volumes ?? []).every((volume) => Object.keys(volume).every((key) => key === 'name' || VOLUMES.has(key))),
  },
  {
    name: 'no escalation of privileges',
    holds: (pod) => each(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false),
  },
  { name: 'runs as non-root', holds: (pod) => said(pod, ({ runAsNonRoot }) => runAsNonRoot) },
  { name: 'runs as no user 0', holds: (pod) => all(pod, ({ runAsUser }) => runAsUser !== 0) },
  {
    name: 'a seccomp profile',
    holds: (pod) =>
      said(pod, ({ seccompProfile: it }) => it && ['RuntimeDefault', 'Localhost'].includes(it.type)) &&
      all(pod, ({ seccompProfile }) => seccompProfile?.type !== 'Unconfined'),
  },
  {
    name: 'all capabilities dropped, none but NET_BIND_SERVICE added',
    holds: (pod) =>
      each(pod, ({ securityContext: { capabilities } = {} }) => {
        const { drop = [], add = [] } = capabilities ?? {};
        return drop.includes('ALL') && add.every((capability) => capability === 'NET_BIND_SERVICE');
      }),
  },
];
