import { TOKEN } from './door.ts';

const BODY = JSON.stringify({
  items: [
    { sku: 'sku-17', quantity: 1 },
    { sku: 'sku-4711', quantity: 2 },
  ],
  paymentToken: 'tok_visa_4242424242',
});
const HEAD = [
  'Host: 127.0.0.1',
  `Authorization: Bearer ${TOKEN}`,
  'User-Agent: bench',
  'Accept: application/json',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
].join('\r\n');

/** What is asked, by name: the text of the request, and the status that is its answer. */
export const REQUESTS = {
  'POST /v1/orders': {
    status: 201,
    text: (index: number) =>
      `POST /v1/orders HTTP/1.1\r\n${HEAD}\r\nIdempotency-Key: key-${index}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  },
  'GET /v1/orders/{id}': {
    status: 200,
    text: (index: number) => `GET /v1/orders/order-${index} HTTP/1.1\r\n${HEAD}\r\n\r\n`,
  },
} as const;

export type RequestName = keyof typeof REQUESTS;
