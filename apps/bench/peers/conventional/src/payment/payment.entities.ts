import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

@Entity('payments')
export class Payment {
  @PrimaryColumn('uuid')
  orderId: string;

  @Column('uuid')
  userId: string;

  @Column('int')
  amountMinor: number;

  @Column()
  currency: string;

  @Column()
  state: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createTime: Date;
}

/** A charge as an accountant writes it: two entries that sum to zero. */
@Entity('ledger_entries')
export class LedgerEntry {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column('uuid')
  orderId: string;

  @Column()
  account: string;

  @Column('int')
  amountMinor: number;

  @Column()
  currency: string;
}
