import { GrpcOptions } from '@nestjs/microservices';
import { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { join } from 'node:path';

export type ServiceName = 'order' | 'inventory' | 'payment';

export function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** Where a service listens, and how it is called: the contracts are the shop's own. */
export function grpcOptions(name: ServiceName): GrpcOptions['options'] {
  return {
    package: `stampede.${name}.v1`,
    protoPath: join(env('PROTO_ROOT'), 'stampede', name, 'v1', `${name}.proto`),
    url: env(`${name.toUpperCase()}_URL`),
    loader: { includeDirs: [env('PROTO_ROOT')], longs: Number, enums: String, defaults: true, arrays: true },
  };
}

export function databaseOptions(
  name: ServiceName,
  entities: NonNullable<TypeOrmModuleOptions['entities']>,
): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    url: env(`${name.toUpperCase()}_DATABASE_URL`),
    entities,
    // The tables are made on the first start, before anything is measured.
    synchronize: true,
    poolSize: Number(process.env['POOL_SIZE'] ?? 20),
    logging: false,
  };
}
