import { status } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, In } from 'typeorm';
import { Product, ReservationLine } from '../messages';
import { ProductEntity, Reservation, StockMovement } from './inventory.entities';

@Injectable()
export class InventoryService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async find(skus: string[]): Promise<Product[]> {
    const found = await this.dataSource.manager.findBy(ProductEntity, { sku: In(skus) });
    return found.map(({ sku, title, currency, unitPriceMinor, available }) => ({
      sku,
      title,
      unitPrice: { currency, amountMinor: unitPriceMinor },
      available,
    }));
  }

  /** All lines or none, over rows that are locked in one order. */
  async reserve(orderId: string, lines: ReservationLine[]): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const units = new Map<string, number>();
      for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
      const products = await manager.find(ProductEntity, {
        where: { sku: In([...units.keys()]) },
        order: { sku: 'ASC' },
        lock: { mode: 'pessimistic_write' },
      });
      if (products.length < units.size) throw refused('UNKNOWN_SKU');
      for (const { sku, available } of products) if (available < units.get(sku)!) throw refused('OUT_OF_STOCK');
      for (const { sku, quantity, expectedUnitPrice } of lines) {
        const product = products.find((each) => each.sku === sku)!;
        if (product.unitPriceMinor !== expectedUnitPrice.amountMinor) throw refused('PRICE_CHANGED');
        await manager.decrement(ProductEntity, { sku }, 'available', quantity);
      }
      await manager.insert(Reservation, { orderId, state: 'HELD', lines });
      await manager.insert(
        StockMovement,
        lines.map(({ sku, quantity }) => ({ sku, orderId, quantity: -quantity })),
      );
    });
  }

  async release(orderId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const reservation = await manager.findOne(Reservation, {
        where: { orderId },
        lock: { mode: 'pessimistic_write' },
      });
      if (reservation?.state !== 'HELD') return;
      for (const { sku, quantity } of reservation.lines.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))) {
        await manager.increment(ProductEntity, { sku }, 'available', quantity);
      }
      await manager.update(Reservation, { orderId }, { state: 'RELEASED' });
      await manager.insert(
        StockMovement,
        reservation.lines.map(({ sku, quantity }) => ({ sku, orderId, quantity })),
      );
    });
  }
}

function refused(message: string): RpcException {
  return new RpcException({ code: status.FAILED_PRECONDITION, message });
}
