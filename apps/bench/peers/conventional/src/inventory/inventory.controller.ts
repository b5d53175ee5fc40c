import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { Product, ReservationLine } from '../messages';
import { InventoryService } from './inventory.service';

@Controller()
export class InventoryController {
  constructor(private readonly inventory: InventoryService) {}

  @GrpcMethod('InventoryService', 'BatchGetProducts')
  async batchGetProducts({ skus }: { skus: string[] }): Promise<{ products: Product[] }> {
    return { products: await this.inventory.find(skus) };
  }

  @GrpcMethod('InventoryService', 'ReserveStock')
  async reserveStock({ orderId, lines }: { orderId: string; lines: ReservationLine[] }) {
    await this.inventory.reserve(orderId, lines);
    return { reservation: { orderId, state: 'HELD', lines } };
  }

  @GrpcMethod('InventoryService', 'ReleaseReservation')
  async releaseReservation({ orderId }: { orderId: string }) {
    await this.inventory.release(orderId);
    return { reservation: { orderId, state: 'RELEASED' } };
  }
}
