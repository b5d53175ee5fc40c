import grpc from '@grpc/grpc-js';
import { systemClock, type Clock } from '@stampede/lifecycle';
import type { Logger, Metrics } from '@stampede/telemetry';
import { HealthImplementation } from 'grpc-health-check';
import type { MethodKind, ServiceDefinition } from '../definition.ts';
import { Dispatcher } from './dispatcher.ts';
import { bindMethod } from './grpc-server.ts';
import { http2ServersOf, setHttp2Options } from './http2-door.ts';
import { addLaneService } from './lane-service.ts';
import { laneLimits, withDefaults, type ServerLimits } from './limits.ts';
import { followed } from './own-services.ts';
import { createPeerGuard } from './peer-guard.ts';
import { addReflection } from './reflection.ts';
import { servedMethods, type Handlers, type ServerInterceptor } from './served-method.ts';

/** Of `createServer`. */
export interface ServerOptions {
  /** Name of the service in discovery. */
  readonly service: string;
  /** Id of this process among the service's instances; calls meant for another one are refused. */
  readonly instance: string;
  /** 127.0.0.1 if absent. */
  readonly host?: string;
  /** A free one if absent. */
  readonly port?: number;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** The secret that services prove themselves with. Without one every caller is anonymous, and so is every user. */
  readonly secret?: string;
  /** Callers whose word on users is believed: `['gateway']`. */
  readonly usersFrom?: readonly string[];
  /** Outermost first, around every handler of every service added after. */
  readonly interceptors?: readonly ServerInterceptor[];
  readonly limits?: Partial<ServerLimits>;
  /** Bytes of a FileDescriptorSet with imports: switches reflection on. */
  readonly descriptors?: Uint8Array;
  readonly clock?: Clock;
}

/** How long a server that stops may take. */
export interface DrainOptions {
  /** Ms that calls in flight may take to finish; 25,000. */
  readonly timeoutMs?: number;
  /** Ms that streams may go on before they are asked to end; 1,000. */
  readonly streamGraceMs?: number;
}

/** A server, from its definition to its end; made by `createServer`. */
export interface RpcServer {
  /** Serves every method of a service. Throws a TypeError where a handler is missing or the service was added before. */
  add<D extends ServiceDefinition>(definition: D, handlers: Handlers<D>): RpcServer;
  /** Binds and serves; answers `host:port`. Health is NOT_SERVING until `setServing(true)`. */
  listen(): Promise<string>;
  /** What grpc.health.v1 says, of the server as a whole and of each service. */
  setServing(serving: boolean): void;
  /**
   * Stops: health says NOT_SERVING, new calls are refused as not processed, connections are told to go, what is in flight is finished,
   * streams are ended, all within `timeoutMs`; what is still there then is cut off. Answers the same promise when called again.
   */
  drain(options?: DrainOptions): Promise<void>;
}

/**
 * A gRPC server with bounds, identity, health, reflection and a graceful end. Anything a handler throws reaches the caller as an AppError;
 * what is none is an opaque INTERNAL outside and whole in the log.
 *
 * @example
 * const server = createServer({ service: 'order', instance, log }).add(OrderServiceDefinition, { getOrder: async ({ id }) => find(id), … });
 * const address = await server.listen();
 * server.setServing(true);
 */
export function createServer(options: ServerOptions): RpcServer {
  const { instance, host = '127.0.0.1', port = 0, log, interceptors = [], descriptors, clock = systemClock } = options;
  const limits = withDefaults(options.limits);
  const { metrics, secret, usersFrom = [] } = options;
  const dispatcher = new Dispatcher({ instance, log, metrics, secret, usersFrom, limits, clock });
  const server = new grpc.Server(channelOptions(limits));
  setHttp2Options(server, limits);
  const lanes = addLaneService(server, {
    service: options.service,
    instance,
    dispatcher,
    limits: laneLimits(limits),
    maxHeldBytes: limits.maxHeldMb * 1024 * 1024,
    log,
    clock,
  });
  const ownServices = followed(server);
  const kinds = new Map<string, MethodKind>();
  const guard = createPeerGuard({
    limits,
    log,
    clock,
    kindOf: (path) => kinds.get(path) ?? ownServices.kinds.get(path),
  });
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  const services: string[] = [];
  let draining: Promise<void> | undefined;
  let address: string | undefined;

  const rpcServer: RpcServer = {
    add(definition, handlers) {
      for (const method of servedMethods(definition, handlers, interceptors)) {
        bindMethod(server, method, { instance, dispatcher, log, clock });
        kinds.set(method.path, method.kind);
        lanes.add(method);
      }
      services.push(definition.fullName);
      health.setStatus(definition.fullName, 'NOT_SERVING');
      return rpcServer;
    },

    async listen() {
      health.addToServer(ownServices);
      if (descriptors !== undefined) addReflection(ownServices, descriptors, services);
      address = `${host}:${await bind(server, `${host}:${port}`)}`;
      for (const each of http2ServersOf(server)) guard(each);
      return address;
    },

    setServing(serving) {
      if (draining !== undefined && serving) return;
      lanes.setServing(serving);
      for (const name of ['', ...services]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },

    drain({ timeoutMs = 25_000, streamGraceMs = 1_000 } = {}) {
      rpcServer.setServing(false);
      draining ??= drain(timeoutMs, streamGraceMs);
      return draining;
    },
  };

  async function drain(timeoutMs: number, streamGraceMs: number): Promise<void> {
    dispatcher.refuse();
    lanes.drain();
    ownServices.endStreams();
    // First drain, which destroys the connections when time is up: forceShutdown knows none where channelz is off.
    if (address !== undefined) server.drain(address, timeoutMs + LAST_WORDS_MS);
    const closed = new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
    });
    const endStreams = clock.schedule(Math.min(streamGraceMs, timeoutMs / 2), () => dispatcher.endStreams());
    const late = Promise.withResolvers<'late'>();
    const giveUp = clock.schedule(timeoutMs, () => late.resolve('late'));
    // A handler may outlive its call, and what it still does needs the rest of the process: so both are waited for.
    const outcome = await Promise.race([Promise.all([dispatcher.idle(), closed]), late.promise]);
    endStreams();
    giveUp();
    if (outcome === 'late') {
      log.warn({ inFlight: dispatcher.inFlight }, 'drain timed out: calls in flight are cut off');
      dispatcher.cutOff();
      await Promise.race([closed, clock.sleep(LAST_WORDS_MS)]);
    }
    server.forceShutdown();
  }

  return rpcServer;
}

/** Ms that the callers of calls cut off are given to read so. */
const LAST_WORDS_MS = 100;

function channelOptions(limits: ServerLimits): grpc.ServerOptions {
  return {
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': limits.maxReceiveBytes,
    'grpc-node.max_session_memory': limits.maxSessionMemoryMb,
    'grpc.max_connection_age_ms': limits.connectionAgeMs,
    'grpc.max_connection_age_grace_ms': limits.connectionAgeGraceMs,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': 20_000,
  };
}

async function bind(server: grpc.Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}
