import { ServiceError, status } from '@grpc/grpc-js';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { ClientGrpc, RpcException } from '@nestjs/microservices';
import { InjectDataSource } from '@nestjs/typeorm';
import { createHash, randomUUID } from 'node:crypto';
import { firstValueFrom, Observable } from 'rxjs';
import { DataSource, QueryFailedError } from 'typeorm';
import { CreateOrderRequest, Money, OrderMessage, Product, ReservationLine, toTimestamp } from '../messages';
import { Order, OrderItem, OutboxEvent } from './order.entities';

interface InventoryService {
  batchGetProducts(request: { skus: string[] }): Observable<{ products: Product[] }>;
  reserveStock(request: { orderId: string; lines: ReservationLine[] }): Observable<unknown>;
  releaseReservation(request: { orderId: string }): Observable<unknown>;
}

interface PaymentService {
  charge(request: { orderId: string; userId: string; amount: Money; paymentToken: string }): Observable<unknown>;
}

const UNIQUE_VIOLATION = '23505';

/** The order's way, a transaction a step: PENDING, stock, payment, PAID. */
@Injectable()
export class OrderService implements OnModuleInit {
  private inventory: InventoryService;
  private payments: PaymentService;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject('INVENTORY') private readonly inventoryClient: ClientGrpc,
    @Inject('PAYMENT') private readonly paymentClient: ClientGrpc,
  ) {}

  onModuleInit(): void {
    this.inventory = this.inventoryClient.getService<InventoryService>('InventoryService');
    this.payments = this.paymentClient.getService<PaymentService>('PaymentService');
  }

  async create(userId: string, request: CreateOrderRequest): Promise<OrderMessage> {
    const skus = [...new Set(request.items.map(({ sku }) => sku))];
    const { products } = await firstValueFrom(this.inventory.batchGetProducts({ skus }));
    const bySku = new Map(products.map((product) => [product.sku, product]));
    if (bySku.size < skus.length) throw new RpcException({ code: status.NOT_FOUND, message: 'UNKNOWN_SKU' });

    const order = new Order();
    order.id = randomUUID();
    order.userId = userId;
    order.idempotencyKey = request.idempotencyKey;
    order.requestHash = createHash('sha256').update(JSON.stringify(request)).digest('base64');
    order.status = 'PENDING';
    order.items = request.items.map(({ sku, quantity }) => {
      const item = new OrderItem();
      item.sku = sku;
      item.quantity = quantity;
      item.title = bySku.get(sku)!.title;
      item.unitPriceMinor = bySku.get(sku)!.unitPrice.amountMinor;
      return item;
    });
    order.currency = products[0]!.unitPrice.currency;
    order.totalMinor = order.items.reduce((sum, item) => sum + item.quantity * item.unitPriceMinor, 0);

    const former = await this.insert(order);
    if (former !== undefined) return this.answerFormer(former, order.requestHash);

    const lines = order.items.map(({ sku, quantity, unitPriceMinor }) => ({
      sku,
      quantity,
      expectedUnitPrice: { currency: order.currency, amountMinor: unitPriceMinor },
    }));
    const amount = { currency: order.currency, amountMinor: order.totalMinor };
    try {
      await firstValueFrom(this.inventory.reserveStock({ orderId: order.id, lines }));
    } catch (error) {
      await this.finish(order, 'REJECTED', (error as ServiceError).details);
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: order.reason });
    }
    try {
      const { paymentToken } = request;
      await firstValueFrom(this.payments.charge({ orderId: order.id, userId, amount, paymentToken }));
    } catch (error) {
      await firstValueFrom(this.inventory.releaseReservation({ orderId: order.id }));
      await this.finish(order, 'PAYMENT_FAILED', (error as ServiceError).details);
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: order.reason });
    }
    await this.finish(order, 'PAID', '');
    return toMessage(order);
  }

  /** Writes a new order; answers the former one of the same key, if there is one. */
  private async insert(order: Order): Promise<Order | undefined> {
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.insert(Order, order);
        await manager.insert(
          OrderItem,
          order.items.map((item) => ({ ...item, order: { id: order.id } })),
        );
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof QueryFailedError) || error.driverError.code !== UNIQUE_VIOLATION) throw error;
      const { userId, idempotencyKey } = order;
      return this.dataSource.manager.findOneOrFail(Order, {
        where: { userId, idempotencyKey },
        relations: { items: true },
      });
    }
  }

  private answerFormer(former: Order, requestHash: string): OrderMessage {
    if (former.requestHash !== requestHash) {
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: 'IDEMPOTENCY_KEY_REUSED' });
    }
    if (former.status === 'REJECTED' || former.status === 'PAYMENT_FAILED') {
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: former.reason });
    }
    return toMessage(former);
  }

  private async finish(order: Order, to: string, reason: string): Promise<void> {
    order.status = to;
    order.reason = reason;
    await this.dataSource.transaction(async (manager) => {
      await manager.update(Order, { id: order.id, status: 'PENDING' }, { status: to, reason });
      await manager.insert(OutboxEvent, { orderId: order.id, type: `order.${to}`, payload: toMessage(order) });
    });
    order.version += 1;
  }
}

function toMessage(order: Order): OrderMessage {
  const { id, userId, status: state, reason, items, currency, totalMinor, version, createTime, updateTime } = order;
  return {
    id,
    userId,
    status: state,
    reason: reason ?? '',
    items: items.map(({ sku, title, quantity, unitPriceMinor }) => ({
      sku,
      title,
      quantity,
      unitPrice: { currency, amountMinor: unitPriceMinor },
    })),
    total: { currency, amountMinor: totalMinor },
    version,
    createTime: toTimestamp(createTime),
    updateTime: toTimestamp(updateTime),
  };
}
