import { expect, onTestFinished, test } from 'vitest';
import { createMetrics, silentLogger, startAdminServer } from './index.ts';

test('serves metrics by method and code, liveness, and readiness as it changes', async () => {
  let ready = false;
  const metrics = createMetrics({ service: 'order', instance: 'order-1' });
  const server = await startAdminServer({ host: '127.0.0.1', metrics, ready: () => ready, log: silentLogger() });
  onTestFinished(() => server.close());
  const get = (path: string, init?: RequestInit) => fetch(`http://${server.address}${path}`, init);

  metrics.observeCall('server', 'stampede.order.v1.OrderService', 'GetOrder', 'NOT_FOUND', 0.002);
  const page = await (await get('/metrics')).text();
  const line = page.split('\n').find((text) => text.startsWith('rpc_server_duration_seconds_count'));
  expect(line).toMatch(/rpc_method="GetOrder".* 1$/);
  expect(line).toContain('rpc_service="stampede.order.v1.OrderService"');
  expect(line).toContain('code="NOT_FOUND"');
  expect(line).toContain('app="order"');
  expect((await get('/livez')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(503);
  ready = true;
  expect((await get('/readyz')).status).toBe(200);
  expect((await get('/nothing')).status).toBe(404);
  expect((await get('/metrics', { method: 'POST' })).status).toBe(405);
});
