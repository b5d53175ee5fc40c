import { randomBytes } from 'node:crypto';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { createClient, type Channel } from '@stampede/rpc';
import { protoRoot, UserServiceDefinition } from '@stampede/contracts';
import { systemClock, type Clock } from '@stampede/lifecycle';
import { restPlugin, restServerOptions } from '@stampede/rest';
import type { Logger, Metrics } from '@stampede/telemetry';
import { boundConnections } from './admission/bound-connections.ts';
import { createAdmission } from './admission/create-admission.ts';
import { addCors } from './browser/cors.ts';
import { challengeOf, createAuthenticate } from './auth/authenticate.ts';
import { createKeySet } from './auth/key-set.ts';
import { createTokenVerifier } from './auth/token-verifier.ts';
import { methodHooks } from './hooks/method-hooks.ts';
import { apiDescription } from './openapi/description.ts';
import { addDocsRoutes } from './operations/docs-routes.ts';
import { createDraining } from './operations/drain-server.ts';
import { addOperationsRoutes } from './operations/operations-routes.ts';
import { createReadiness } from './operations/readiness.ts';
import { CONTRACT_FILES, ROUTED, STATUS_OPTION, type RoutedService } from './routed-services.ts';
import type { Settings } from './settings.ts';

export interface AppOptions {
  readonly channels: Readonly<Record<RoutedService, Channel>>;
  /** The settings in force; asked again for each request. */
  readonly settings: () => Settings;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Shared by the instances, for the tickets of streams; one of this process's own if absent, whose tickets no other takes. */
  readonly secret?: string;
  readonly version?: string;
  readonly clock?: Clock;
}

export interface App {
  readonly fastify: FastifyInstance;
  /** Stops: not ready, answers on for `drainMs`, ends streams, finishes what is in flight. */
  readonly drain: () => Promise<void>;
}

/** Less than the ten minutes after which our services end streams. */
const STREAM_LIMIT_MS = 9 * 60_000;

/** The gateway apart from its process: listens nowhere yet. */
export async function createApp(options: AppOptions): Promise<App> {
  const { channels, settings, metrics, log, clock = systemClock } = options;
  const users = createClient(UserServiceDefinition, channels.user);
  const keys = createKeySet({ fetchKeys: () => users.getJwks({}), clock, log });
  const authenticate = createAuthenticate(createTokenVerifier({ keys, clock }));
  const admission = createAdmission(() => settings().limits);
  const deadlineMs = () => settings().deadlineMs;

  const logger: FastifyBaseLogger = log;
  const fastify: FastifyInstance = Fastify({
    ...restServerOptions,
    loggerInstance: logger,
    // A child logger a request costs more than its lines are worth; they name the request id themselves.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    // While stopping, requests on old connections are answered, and told to close them.
    return503OnClosing: false,
  });
  const draining = createDraining(fastify);
  addCors(fastify, () => settings().cors);
  const take = boundConnections(fastify, { limits: () => settings().limits, clock });
  addOperationsRoutes(fastify, { readiness: createReadiness(channels), stopping: () => draining.stopping, metrics });
  addDocsRoutes(fastify);

  await fastify.register(restPlugin, {
    protoRoot,
    files: CONTRACT_FILES,
    channels: Object.fromEntries(
      Object.entries(ROUTED).map(([name, contract]) => [contract, channels[name as RoutedService]]),
    ),
    reasonStatusOption: STATUS_OPTION,
    // What our services cannot hold is refused with its field's name: U+0000 (PostgreSQL), integers beyond a double.
    refuseNul: true,
    safeIntegers: true,
    deadlineMs,
    streamLimitMs: STREAM_LIMIT_MS,
    hooks: methodHooks(deadlineMs),
    admit(request, _, { responseStream }, whenGone) {
      whenGone(take(request, (responseStream ? STREAM_LIMIT_MS : deadlineMs()) + settings().takeMs));
      whenGone(admission.enter(responseStream ? 'streams' : 'requests'));
    },
    authenticate,
    challenge: challengeOf,
    tickets: { secret: options.secret ?? randomBytes(32), now: () => keys.heardNow() },
    observe({ method, status, seconds, ...served }) {
      metrics.observeCall('server', method?.service ?? 'none', method?.name ?? 'none', String(status), seconds);
      if (log.isLevelEnabled('debug')) log.debug({ ...served, method: method?.fullName, status, seconds }, 'served');
    },
    etag: true,
    compression: {},
    openapi: apiDescription(options.version ?? 'dev'),
  });
  await fastify.ready();

  return { fastify, drain: () => draining.drain({ afterMs: settings().drainMs, clock }) };
}
