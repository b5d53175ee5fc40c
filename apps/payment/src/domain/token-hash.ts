import { hash } from 'node:crypto';

/**
 * What is kept of a card token: enough to tell whether the same one is shown again for this order, and of no use anywhere else. The order's
 * id goes in, so that two orders paid with one card do not look alike. The token itself is never stored: who asks again shows it again.
 */
export function tokenHash(orderId: string, token: string): string {
  return hash('sha256', `${orderId}:${token}`, 'hex');
}
