import { status } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Money } from '../messages';
import { LedgerEntry, Payment } from './payment.entities';

export interface ChargeRequest {
  orderId: string;
  userId: string;
  amount: Money;
  paymentToken: string;
}

/** The provider is a stub that costs nothing; the order's primary key is what makes a second charge fail. */
@Injectable()
export class PaymentService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async charge({ orderId, userId, amount: { amountMinor, currency }, paymentToken }: ChargeRequest): Promise<void> {
    if (paymentToken === 'tok_declined') {
      throw new RpcException({ code: status.FAILED_PRECONDITION, message: 'PAYMENT_DECLINED' });
    }
    await this.dataSource.transaction(async (manager) => {
      await manager.insert(Payment, { orderId, userId, amountMinor, currency, state: 'CHARGED' });
      await manager.insert(LedgerEntry, [
        { orderId, account: `customer:${userId}`, amountMinor: -amountMinor, currency },
        { orderId, account: 'shop', amountMinor, currency },
      ]);
    });
  }
}
