import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
} from 'typeorm';
import { ReservationLine } from '../messages';

@Entity('products')
@Check('available >= 0')
export class ProductEntity {
  @PrimaryColumn()
  sku: string;

  @Column()
  title: string;

  @Column()
  currency: string;

  @Column('int')
  unitPriceMinor: number;

  @Column('int')
  available: number;
}

@Entity('reservations')
export class Reservation {
  @PrimaryColumn('uuid')
  orderId: string;

  /** HELD or RELEASED. */
  @Column()
  state: string;

  @Column('jsonb')
  lines: ReservationLine[];

  @CreateDateColumn({ type: 'timestamptz' })
  createTime: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updateTime: Date;
}

/** The ledger of what came in and went out. */
@Entity('stock_movements')
export class StockMovement {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column()
  sku: string;

  @Column('uuid', { nullable: true })
  orderId: string | null;

  @Column('int')
  quantity: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createTime: Date;
}
