import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { env, grpcOptions } from '../environment';
import { OrdersController } from './orders.controller';

@Module({
  imports: [
    JwtModule.registerAsync({ useFactory: () => ({ secret: env('JWT_SECRET') }) }),
    ClientsModule.registerAsync([
      { name: 'ORDER', useFactory: () => ({ transport: Transport.GRPC, options: grpcOptions('order') }) },
    ]),
  ],
  controllers: [OrdersController],
})
export class GatewayModule {}
