import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

const bigint = { to: (value: number) => value, from: (value: string) => Number(value) };

@Entity('orders')
@Unique(['userId', 'idempotencyKey'])
export class Order {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  userId: string;

  @Column()
  idempotencyKey: string;

  /** SHA-256 of what was asked for. */
  @Column()
  requestHash: string;

  @Column()
  status: string;

  @Column({ default: '' })
  reason: string;

  @Column()
  currency: string;

  @Column('bigint', { transformer: bigint })
  totalMinor: number;

  @OneToMany(() => OrderItem, (item) => item.order)
  items: OrderItem[];

  @VersionColumn()
  version: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createTime: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updateTime: Date;
}

@Entity('order_items')
export class OrderItem {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @ManyToOne(() => Order, (order) => order.items)
  @Index()
  order: Order;

  @Column()
  sku: string;

  @Column()
  title: string;

  @Column('int')
  quantity: number;

  @Column('bigint', { transformer: bigint })
  unitPriceMinor: number;
}

@Entity('outbox')
export class OutboxEvent {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column('uuid')
  orderId: string;

  @Column()
  type: string;

  @Column('jsonb')
  payload: object;

  @CreateDateColumn({ type: 'timestamptz' })
  createTime: Date;
}
