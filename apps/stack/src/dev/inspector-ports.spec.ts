import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { inspectorPorts } from './inspector-ports.ts';

test('each name gets a port of its own, from 9230 up, that nobody has', async () => {
  const [first = 0] = (await inspectorPorts(['a'])).values();
  const taken = createServer().listen(first, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const ports = await inspectorPorts(['a', 'b']);
  expect([...ports.keys()]).toEqual(['a', 'b']);
  const values = [...ports.values()];
  expect(new Set(values).size).toBe(2);
  expect(values).not.toContain((taken.address() as AddressInfo).port);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(9230);
});
