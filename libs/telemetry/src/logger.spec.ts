import { expect, test } from 'vitest';
import { createLogger, silentLogger } from './index.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): {
  line: Record<string, unknown>;
  text: string;
} {
  const lines: string[] = [];
  const log = createLogger({
    service: 'order',
    instance: 'order-1',
    destination: { write: (line) => void lines.push(line) },
  });
  write(log);
  const text = lines.join('');
  return { line: JSON.parse(text) as Record<string, unknown>, text };
}

test('a line says which service and instance wrote it, in words and in ISO time', () => {
  const { line } = logged((log) => log.info({ requestId: 'r1' }, 'placed'));
  expect(line).toMatchObject({ level: 'info', service: 'order', instance: 'order-1', requestId: 'r1', msg: 'placed' });
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test.each([
  'password',
  'accessToken',
  'refreshToken',
  'paymentToken',
  'payment_token',
  'authorization',
  'serviceSecret',
])('%s is redacted, at the top and below', (key) => {
  const { text } = logged((log) =>
    log.info({ [key]: 'tok_visa_123', request: { [key]: 'tok_visa_123', inner: { [key]: 'tok_visa_123' } } }, 'x'),
  );
  expect(text).not.toContain('tok_visa_123');
  expect(text.match(/\[redacted\]/g)).toHaveLength(3);
});

test('a url loses its password', () => {
  const { text } = logged((log) => log.info({ url: 'postgres://order:hunter2@127.0.0.1:5432/order' }, 'connected'));
  expect(text).not.toContain('hunter2');
  expect(text).toContain('127.0.0.1:5432/order');
});

test('the silent logger is off', () => {
  expect(silentLogger().isLevelEnabled('fatal')).toBe(false);
});
