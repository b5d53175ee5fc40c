import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { databaseOptions } from '../environment';
import { PaymentController } from './payment.controller';
import { LedgerEntry, Payment } from './payment.entities';
import { PaymentService } from './payment.service';

@Module({
  imports: [TypeOrmModule.forRootAsync({ useFactory: () => databaseOptions('payment', [Payment, LedgerEntry]) })],
  controllers: [PaymentController],
  providers: [PaymentService],
})
export class PaymentModule {}
