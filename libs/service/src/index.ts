export { crashAt } from './crash-at.ts';
export { createHost, type Host, type HostOptions } from './host.ts';
export { addressOf, type ListenAddress } from './listen-address.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
