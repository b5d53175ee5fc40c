import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, exportJWK, type JWTHeaderParameters, type JWTPayload, type SignOptions } from 'jose';
import { onTestFinished } from 'vitest';
import {
  InventoryServiceDefinition,
  OrderServiceDefinition,
  UserServiceDefinition,
  type Jwk,
} from '@stampede/contracts';
import { AppError } from '@stampede/errors';
import { createChannel, createServer, staticDiscovery, type Discovery, type ServiceDefinition } from '@stampede/rpc';
import { createMetrics, silentLogger } from '@stampede/telemetry';
import { createApp, type App, type AppOptions } from '../app.ts';
import { settingsSchema } from '../settings.ts';

const log = silentLogger();
/** Between services. */
export const SECRET = 'a secret of the services';

/** A key that signs access tokens as the user service does. */
export interface Signer {
  readonly jwk: Jwk;
  /** A good token, except for what `claims` and `header` say otherwise; a claim that is undefined is left out. */
  readonly sign: (claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, options?: SignOptions) => Promise<string>;
}

export async function createSigner(kid = 'k1'): Promise<Signer> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = await exportJWK(publicKey);
  return {
    jwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' },
    sign(claims = {}, header = {}, options = {}) {
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        iss: 'stampede',
        aud: 'stampede-api',
        sub: 'ann',
        roles: ['customer'],
        iat: now,
        exp: now + 60,
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header })
        .sign(privateKey, options);
    },
  };
}

type Handlers = Readonly<Record<string, unknown>>;

/** A real server of `definition` on a free port; what `handlers` lacks is UNIMPLEMENTED. */
export async function startService(
  service: string,
  definition: ServiceDefinition,
  handlers: Handlers,
): Promise<string> {
  const server = createServer({ service, instance: `${service}-1`, log, secret: SECRET, usersFrom: ['gateway'] });
  const missing = Object.keys(definition.methods).map((name) => [
    name,
    () => Promise.reject(new AppError('UNIMPLEMENTED', 'UNIMPLEMENTED', `${name} is not here`)),
  ]);
  server.add(definition, { ...Object.fromEntries(missing), ...handlers } as never);
  const address = await server.listen();
  onTestFinished(() => server.drain({ timeoutMs: 50, streamGraceMs: 0 }));
  return address;
}

export interface GatewayOptions {
  readonly user?: Handlers;
  readonly inventory?: Handlers;
  readonly order?: Handlers;
  readonly signer?: Signer;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly clock?: AppOptions['clock'];
  /** Instead of one real server for each service. */
  readonly discovery?: Discovery;
}

/** The gateway's app before real services, with a signer whose key they publish. */
export async function startGateway(options: GatewayOptions = {}): Promise<App & { readonly signer: Signer }> {
  const signer = options.signer ?? (await createSigner());
  const user = { getJwks: () => Promise.resolve({ keys: [signer.jwk], time: new Date() }), ...options.user };
  const discovery =
    options.discovery ??
    staticDiscovery({
      user: [await startService('user', UserServiceDefinition, user)],
      inventory: [await startService('inventory', InventoryServiceDefinition, options.inventory ?? {})],
      order: [await startService('order', OrderServiceDefinition, options.order ?? {})],
    });
  const settings = settingsSchema.parse(options.settings ?? {});
  const channelTo = (service: string) => {
    const channel = createChannel({ service, discovery, caller: { service: 'gateway', secret: SECRET }, log });
    onTestFinished(() => channel.close());
    return channel;
  };
  const app = await createApp({
    channels: {
      user: channelTo('user'),
      inventory: channelTo('inventory'),
      order: channelTo('order'),
    } satisfies AppOptions['channels'],
    settings: () => settings,
    secret: SECRET,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    metrics: createMetrics({ service: 'gateway', instance: 'gateway-1' }),
    log,
  });
  onTestFinished(() => app.drain());
  return { ...app, signer };
}
