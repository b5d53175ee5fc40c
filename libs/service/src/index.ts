export { createHost, type Host, type HostOptions } from './host.ts';
export { createService, type Service, type ServiceOptions } from './service.ts';
