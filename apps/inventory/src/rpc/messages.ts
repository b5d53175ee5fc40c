import {
  Reservation_State,
  type Product as ProductMessage,
  type Reservation as ReservationMessage,
} from '@stampede/contracts';
import { MAX_AVAILABLE } from '../domain/limits.ts';
import type { Product } from '../domain/product.ts';
import type { Reservation } from '../domain/reservation.ts';
import { contractReasons } from './reasons.ts';

export function toProductMessage({ sku, title, unitPrice, available }: Product): ProductMessage {
  return { sku, title, unitPrice, available: Math.min(available, MAX_AVAILABLE) };
}

export function toReservationMessage(reservation: Reservation): ReservationMessage {
  const { orderId, state, lines, createdAt, updatedAt } = reservation;
  return {
    orderId,
    state: Reservation_State[state],
    reason: reservation.state === 'REFUSED' ? contractReasons[reservation.refusal.reason] : '',
    lines,
    createTime: createdAt,
    updateTime: updatedAt,
  };
}
