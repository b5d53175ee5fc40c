import type { Credentials } from './credentials.ts';
import { CUSTOMER_EMAIL, OPERATOR_EMAIL } from './seed.ts';

export interface ReadyBlock {
  readonly url: string;
  readonly etcdEndpoints: readonly string[];
  readonly dataDir: string;
  readonly credentials: Credentials;
}

/** What a start prints when all is ready: where it is, who can log in, and three lines that work as they stand, each by itself. */
export function readyBlock({ url, etcdEndpoints, dataDir, credentials }: ReadyBlock): string {
  const login = (email: string, password: string) =>
    `$(curl -s ${url}/v1/sessions -H 'Content-Type: application/json' -d '${JSON.stringify({ email, password })}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`;
  const customer = login(CUSTOMER_EMAIL, credentials.customerPassword);
  const order = JSON.stringify({ items: [{ sku: 'tee-black', quantity: 1 }], paymentToken: 'tok_visa' });
  return `
Stampede is ready at ${url}

  customer  ${CUSTOMER_EMAIL}  ${credentials.customerPassword}
  operator  ${OPERATOR_EMAIL}  ${credentials.operatorPassword}
  etcd      ${etcdEndpoints.join(',')}
  data      ${dataDir} (logs, credentials)

Look around, buy something, see your orders:

curl -s ${url}/v1/products
curl -s ${url}/v1/orders -H "Authorization: Bearer ${customer}" -H "Idempotency-Key: $(date +%s%N)" -H 'Content-Type: application/json' -d '${order}'
curl -s ${url}/v1/orders -H "Authorization: Bearer ${customer}"

Check every promise with: npm run audit · stop with Ctrl-C

`;
}
