import { Module } from '@nestjs/common';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseOptions, grpcOptions } from '../environment';
import { OrderController } from './order.controller';
import { Order, OrderItem, OutboxEvent } from './order.entities';
import { OrderService } from './order.service';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({ useFactory: () => databaseOptions('order', [Order, OrderItem, OutboxEvent]) }),
    ClientsModule.registerAsync([
      { name: 'INVENTORY', useFactory: () => ({ transport: Transport.GRPC, options: grpcOptions('inventory') }) },
      { name: 'PAYMENT', useFactory: () => ({ transport: Transport.GRPC, options: grpcOptions('payment') }) },
    ]),
  ],
  controllers: [OrderController],
  providers: [OrderService],
})
export class OrderModule {}
