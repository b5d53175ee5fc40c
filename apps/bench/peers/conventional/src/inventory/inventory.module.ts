import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseOptions } from '../environment';
import { InventoryController } from './inventory.controller';
import { ProductEntity, Reservation, StockMovement } from './inventory.entities';
import { InventoryService } from './inventory.service';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => databaseOptions('inventory', [ProductEntity, Reservation, StockMovement]),
    }),
  ],
  controllers: [InventoryController],
  providers: [InventoryService],
})
export class InventoryModule {}
