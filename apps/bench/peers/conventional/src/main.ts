import 'reflect-metadata';
import { Logger, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MicroserviceOptions, Transport } from '@nestjs/microservices';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { env, grpcOptions, type ServiceName } from './environment';
import { GatewayModule } from './gateway/gateway.module';
import { InventoryModule } from './inventory/inventory.module';
import { OrderModule } from './order/order.module';
import { PaymentModule } from './payment/payment.module';

const MODULES = { order: OrderModule, inventory: InventoryModule, payment: PaymentModule };
const logger = ['error', 'warn', 'fatal'] as const;

async function startService(name: ServiceName): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(MODULES[name], {
    logger: [...logger],
    transport: Transport.GRPC,
    options: grpcOptions(name),
  });
  await app.listen();
}

async function startGateway(): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule, new FastifyAdapter(), {
    logger: [...logger],
  });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true }));
  await app.listen(env('GATEWAY_PORT'), '127.0.0.1');
}

async function main(): Promise<void> {
  const name = process.argv[2] as ServiceName | 'gateway';
  await (name === 'gateway' ? startGateway() : startService(name));
  process.send?.('ready');
}

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
main().catch((error: unknown) => {
  new Logger('main').error(error instanceof Error ? error.stack : error);
  process.exit(1);
});
