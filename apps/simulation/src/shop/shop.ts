import { SERVICES, type Place, type Service } from '../plan.ts';
import { createProcess, type Process } from './process.ts';
import { connect, startClient, startInstance, type Client, type Instance } from './start-instance.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

/** The whole shop: a process at every place, and another after it where it ends. */
export interface Shop {
  readonly world: World;
  readonly gateway: Client;
  /** Who is there now; a place whose process has ended is empty until the next one starts. */
  readonly instances: ReadonlyMap<Place, Instance>;
  /** Ends the process at once, as SIGKILL does; another starts after `forMs`. */
  crash(place: Place, forMs: number): void;
  /** Lets it leave in order. */
  leave(place: Place, forMs: number): void;
  freeze(place: Place, forMs: number): void;
  part(a: Place, b: Place, forMs: number): void;
  /** Ends everything. */
  end(): void;
}

const PORT = 9_000;

export function createShop(options: Omit<WorldOptions, 'moment'>): Shop {
  const { plan } = options;
  const moments = new Map<Place, number>();
  const crashesAt = new Map(
    plan.troubles.flatMap((trouble) => (trouble.kind === 'crash at' ? [[trouble.place, trouble] as const] : [])),
  );
  const world = createWorld({ ...options, moment });
  const { clock, random, network } = world;
  const instances = new Map<Place, Instance>();
  /** From whom etcd is parted, and how often. */
  const cut = new Map<Place, number>();
  let born = 0;

  function moment({ place }: Process): void {
    const fatal = crashesAt.get(place);
    if (fatal === undefined) return;
    const count = (moments.get(place) ?? 0) + 1;
    moments.set(place, count);
    if (count === fatal.moment) crash(place, fatal.forMs);
  }

  function newProcess(service: string, place: Place): Process {
    born += 1;
    // A successor may get the address of its predecessor, as a container on the same host does.
    const port = random() < 0.5 ? PORT : PORT + born;
    return createProcess({ id: `${service}-${born}`, service, place, address: `${place}:${port}`, clock });
  }

  function boot(service: Service, place: Place): void {
    const instance = startInstance(world, service, newProcess(service, place));
    instances.set(place, instance);
    if (cut.has(place)) instance.link.connection.cut();
  }

  function crash(place: Place, forMs: number): void {
    const instance = instances.get(place);
    if (instance === undefined) return;
    const { process, host } = instance;
    instance.end();
    instances.delete(place);
    if (world.hosts.get(process.address) === host) world.hosts.delete(process.address);
    clock.schedule(forMs, () => boot(process.service as Service, place));
  }

  function connectionOf(place: Place) {
    return (place === 'gateway' ? gateway : instances.get(place))?.link.connection;
  }

  /** A partition from etcd is one of the connection, which knows that it is broken. */
  function partFromEtcd(place: Place, forMs: number): void {
    cut.set(place, (cut.get(place) ?? 0) + 1);
    connectionOf(place)?.cut();
    clock.schedule(forMs, () => {
      const times = (cut.get(place) ?? 1) - 1;
      if (times > 0) return void cut.set(place, times);
      cut.delete(place);
      connectionOf(place)?.heal();
    });
  }

  const gatewayProcess = newProcess('gateway', 'gateway');
  const gateway = startClient(world, connect(world, gatewayProcess));
  for (const service of SERVICES) {
    for (let index = 0; index < plan.instances[service]; index += 1) boot(service, `${service}-${index}`);
  }

  return {
    world,
    gateway,
    instances,
    crash,
    leave(place, forMs) {
      const instance = instances.get(place);
      const gone = () => {
        if (instance !== undefined && instances.get(place) === instance) crash(place, forMs);
      };
      void instance?.leave().then(gone, gone);
    },
    freeze(place, forMs) {
      const process = instances.get(place)?.process;
      process?.freeze();
      clock.schedule(forMs, () => process?.thaw());
    },
    end() {
      for (const instance of instances.values()) instance.end();
      gateway.process.kill();
      void gateway.watcher.close();
      world.etcd.close();
    },
    part(a, b, forMs) {
      if (a === b) return;
      if (a === 'etcd' || b === 'etcd') {
        partFromEtcd(a === 'etcd' ? b : a, forMs);
      } else {
        network.part(a, b);
        clock.schedule(forMs, () => network.join(a, b));
      }
    },
  };
}
