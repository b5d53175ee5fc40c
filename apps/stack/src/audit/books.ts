import {
  InventoryServiceDefinition,
  OrderServiceDefinition,
  PaymentServiceDefinition,
  type OrderRecord,
  type PaymentRecord,
  type Reservation,
  type StockBalance,
} from '@stampede/contracts';
import { createClient, type Channel } from '@stampede/rpc';

/** What the services say of themselves, read one after the other while they go on working. */
export interface Books {
  /** Orders that nothing happened to while the books were read, by id. Only these can be judged. */
  readonly settled: ReadonlyMap<string, OrderRecord>;
  /** Ids of orders that are being worked on, or were while the books were read. */
  readonly moving: ReadonlySet<string>;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly payments: ReadonlyMap<string, PaymentRecord>;
  readonly stock: readonly StockBalance[];
}

export interface AuditChannels {
  readonly order: Channel;
  readonly inventory: Channel;
  readonly payment: Channel;
}

/** Reads one export; ten minutes are enough for some millions of rows. */
const EXPORT = { deadlineMs: 600_000 };

/**
 * Reads all books. Orders are read before and after the others: an order that changed in between, or that the order service still has
 * something to do for, is `moving`, so that a running shop is never accused of what it is just about to do.
 */
export async function readBooks(channels: AuditChannels): Promise<Books> {
  const before = await readOrders(channels.order);
  const inventory = createClient(InventoryServiceDefinition, channels.inventory);
  const payment = createClient(PaymentServiceDefinition, channels.payment);

  const payments = new Map<string, PaymentRecord>();
  for await (const { records } of payment.exportPayments({}, EXPORT)) {
    for (const record of records) payments.set(record.payment?.orderId ?? '', record);
  }
  const reservations = new Map<string, Reservation>();
  for await (const page of inventory.exportReservations({}, EXPORT)) {
    for (const reservation of page.reservations) reservations.set(reservation.orderId, reservation);
  }
  const stock: StockBalance[] = [];
  for await (const { balances } of inventory.exportStock({}, EXPORT)) stock.push(...balances);

  const settled = new Map<string, OrderRecord>();
  const moving = new Set<string>();
  for (const [id, record] of await readOrders(channels.order)) {
    const earlier = before.get(id);
    const still = earlier !== undefined && earlier.order?.version === record.order?.version;
    if (still && !earlier.unfinished && !record.unfinished) settled.set(id, record);
    else moving.add(id);
  }
  return { settled, moving, reservations, payments, stock };
}

async function readOrders(channel: Channel): Promise<Map<string, OrderRecord>> {
  const orders = new Map<string, OrderRecord>();
  for await (const { records } of createClient(OrderServiceDefinition, channel).exportOrders({}, EXPORT)) {
    for (const record of records) orders.set(record.order?.id ?? '', record);
  }
  return orders;
}
