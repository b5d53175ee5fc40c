import { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { CreateOrderRequest, OrderMessage } from '../messages';
import { OrderService } from './order.service';

@Controller()
export class OrderController {
  constructor(private readonly orders: OrderService) {}

  @GrpcMethod('OrderService', 'CreateOrder')
  async createOrder(request: CreateOrderRequest, metadata: Metadata): Promise<{ order: OrderMessage }> {
    return { order: await this.orders.create(String(metadata.get('user-id')[0]), request) };
  }
}
