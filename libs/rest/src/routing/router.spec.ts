import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseTemplate } from './path-template.ts';
import { createRouter } from './router.ts';

function routerOf(...routes: string[]) {
  const router = createRouter<string>();
  for (const route of routes) {
    const [method = '', template = ''] = route.split(' ');
    router.add(method, parseTemplate(template), route);
  }
  return (method: string, path: string) => {
    const match = router.match(method, path);
    return match.kind === 'found' ? match.route : match.kind === 'wrong-method' ? match.allowed : undefined;
  };
}

const match = routerOf(
  'GET /v1/orders',
  'POST /v1/orders',
  'GET /v1/orders/{id}',
  'GET /v1/orders/latest',
  'POST /v1/orders/{id}:cancel',
  'POST /v1/orders:import',
  'GET /v1/{name=shelves/*}/books',
  'GET /v1/{name=**}',
  'DELETE /v1/files/{path=**}:wipe',
  'GET /',
);

test.each([
  ['GET', '/', 'GET /'],
  ['GET', '/v1/orders', 'GET /v1/orders'],
  ['HEAD', '/v1/orders', 'GET /v1/orders'],
  ['GET', '/v1/%6Frders', 'GET /v1/orders'],
  ['POST', '/v1/%6Frders:import', 'POST /v1/orders:import'],
  ['GET', '/v1/orders/7', 'GET /v1/orders/{id}'],
  ['GET', '/v1/orders/latest', 'GET /v1/orders/latest'],
  ['GET', '/v1/orders/a:b', 'GET /v1/orders/{id}'],
  ['GET', '/v1/orders/7%3Acancel', 'GET /v1/orders/{id}'],
  ['POST', '/v1/orders/7:cancel', 'POST /v1/orders/{id}:cancel'],
  ['POST', '/v1/orders:import', 'POST /v1/orders:import'],
  ['GET', '/v1/shelves/1/books', 'GET /v1/{name=shelves/*}/books'],
  ['GET', '/v1/shelves/1/magazines', 'GET /v1/{name=**}'],
  ['GET', '/v1/orders/', 'GET /v1/{name=**}'],
  ['GET', '/v1', 'GET /v1/{name=**}'],
  ['DELETE', '/v1/files/a/b/c:wipe', 'DELETE /v1/files/{path=**}:wipe'],
  ['GET', '/v1/orders/7:cancel', ['POST']],
  ['DELETE', '/v1/orders', ['GET', 'HEAD', 'POST']],
  ['GET', '/v2', undefined],
  ['GET', '//', undefined],
  ['GET', 'v1', undefined],
  ['GET', '*', undefined],
])('%s %s', (method, path, expected) => {
  expect(match(method, path)).toEqual(expected);
});

test('an empty segment is no value', () => {
  const only = routerOf('GET /v1/{a}/x');
  expect(only('GET', '/v1//x')).toBeUndefined();
  expect(only('GET', '/v1/ /x')).toBe('GET /v1/{a}/x');
});

test('two routes that nothing tells apart are refused', () => {
  expect(() => routerOf('GET /v1/{a}', 'GET /v1/{b=*}')).toThrow('two routes answer GET /v1/{b=*}');
  expect(() => routerOf('GET /v1/{a}', 'PUT /v1/{a}', 'GET /v1/{a}:x')).not.toThrow();
});

property.prop([
  fc.string({ unit: fc.constantFrom('/', ':', '%', '2', 'F', 'Z', '.', ';', 'orders', 'v1', 'ä', '\0', '?') }),
])('any path is matched or not, and nothing else happens', (path) => {
  expect(() => match('GET', path)).not.toThrow();
});
