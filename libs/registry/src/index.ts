export { createRegistrar, type Registrar, type RegistrarOptions } from './create-registrar.ts';
export { createWatcher, type Watcher, type WatcherOptions } from './create-watcher.ts';
export { grpcNaming } from './grpc-naming.ts';
export type { InstanceCodec } from './instance-codec.ts';
export { registerEtcdResolver, type EtcdResolverOptions } from './register-etcd-resolver.ts';
