/** The parts of the contracts that this shop uses, as the loader makes them. */
export interface Money {
  currency: string;
  amountMinor: number;
}

export interface Product {
  sku: string;
  title: string;
  unitPrice: Money;
  available: number;
}

export interface ReservationLine {
  sku: string;
  quantity: number;
  expectedUnitPrice: Money;
}

export interface CreateOrderRequest {
  items: { sku: string; quantity: number }[];
  paymentToken: string;
  idempotencyKey: string;
}

export interface OrderMessage {
  id: string;
  userId: string;
  status: string;
  reason: string;
  items: { sku: string; title: string; quantity: number; unitPrice: Money }[];
  total: Money;
  version: number;
  createTime: Timestamp;
  updateTime: Timestamp;
}

export interface Timestamp {
  seconds: number;
  nanos: number;
}

export function toTimestamp(date: Date): Timestamp {
  const milliseconds = date.getTime();
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
}
