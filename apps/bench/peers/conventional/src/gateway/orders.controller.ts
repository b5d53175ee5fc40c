import {
  BadRequestException,
  Body,
  Controller,
  Headers,
  HttpException,
  Inject,
  OnModuleInit,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { Metadata, ServiceError } from '@grpc/grpc-js';
import { ClientGrpc } from '@nestjs/microservices';
import { firstValueFrom, Observable } from 'rxjs';
import { CreateOrderRequest, Money, OrderMessage, Timestamp } from '../messages';
import { AuthGuard, UserRequest } from './auth.guard';
import { CreateOrderDto } from './create-order.dto';

interface OrderService {
  createOrder(request: CreateOrderRequest, metadata: Metadata): Observable<{ order: OrderMessage }>;
}

const STATUS: Record<string, number> = {
  OUT_OF_STOCK: 409,
  PRICE_CHANGED: 409,
  PAYMENT_DECLINED: 402,
  UNKNOWN_SKU: 404,
  IDEMPOTENCY_KEY_REUSED: 422,
};

@Controller('v1/orders')
export class OrdersController implements OnModuleInit {
  private orders: OrderService;

  constructor(@Inject('ORDER') private readonly client: ClientGrpc) {}

  onModuleInit(): void {
    this.orders = this.client.getService<OrderService>('OrderService');
  }

  @UseGuards(AuthGuard)
  @Post()
  async create(
    @Req() request: UserRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Body() body: CreateOrderDto,
  ) {
    if (key === undefined || key.length === 0 || key.length > 255) throw new BadRequestException('Idempotency-Key');
    const metadata = new Metadata();
    metadata.set('user-id', request.user.sub);
    try {
      const { order } = await firstValueFrom(this.orders.createOrder({ ...body, idempotencyKey: key }, metadata));
      return toJson(order);
    } catch (error) {
      const { details } = error as ServiceError;
      throw new HttpException({ reason: details }, STATUS[details] ?? 500);
    }
  }
}

/** proto3 JSON, as the shop answers it. */
function toJson({ items, total, createTime, updateTime, ...order }: OrderMessage) {
  return {
    ...order,
    items: items.map((item) => ({ ...item, unitPrice: moneyJson(item.unitPrice) })),
    total: moneyJson(total),
    createTime: timeJson(createTime),
    updateTime: timeJson(updateTime),
  };
}

const moneyJson = ({ currency, amountMinor }: Money) => ({ currency, amountMinor: String(amountMinor) });
const timeJson = ({ seconds, nanos }: Timestamp) => new Date(seconds * 1000 + nanos / 1_000_000).toISOString();
