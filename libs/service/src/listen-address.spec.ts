import { isIPv4 } from 'node:net';
import { expect, test } from 'vitest';
import { addressOf } from './listen-address.ts';

test.each([
  [{}, { host: '127.0.0.1', port: 8080, advertised: '127.0.0.1:5000' }],
  [
    { HOST: '', PORT: '', ADVERTISE_HOST: '', ADVERTISE_PORT: '' },
    { host: '127.0.0.1', port: 8080, advertised: '127.0.0.1:5000' },
  ],
  [{ PORT: '65535' }, { host: '127.0.0.1', port: 65_535, advertised: '127.0.0.1:5000' }],
  [
    { HOST: '0.0.0.0', PORT: '0', ADVERTISE_HOST: '10.0.0.7' },
    { host: '0.0.0.0', port: 0, advertised: '10.0.0.7:5000' },
  ],
  [{ ADVERTISE_PORT: '31000' }, { host: '127.0.0.1', port: 8080, advertised: '127.0.0.1:31000' }],
])('%j', (env, expected) => {
  const { host, port, advertised } = addressOf(env, 8080);
  expect({ host, port, advertised: advertised(5000) }).toEqual(expected);
});

test('where it listens on every address, an address is told that somebody can connect to', () => {
  const [host = '', port] = addressOf({ HOST: '0.0.0.0' }, 8080).advertised(5000).split(':');
  expect([isIPv4(host), host === '0.0.0.0', port]).toEqual([true, false, '5000']);
});

test('the admin page has a port of its own, on the same address', () => {
  const { adminPort, advertisedAdmin } = addressOf({ ADMIN_PORT: '9090', ADVERTISE_HOST: '10.0.0.7' }, 8080);
  expect([adminPort, advertisedAdmin(9090)]).toEqual([9090, '10.0.0.7:9090']);
  expect(addressOf({}, 8080).adminPort).toBe(0);
});

test.each(['65536', '-1', '80a', ' 80'])('PORT=%j is refused', (PORT) => {
  expect(() => addressOf({ PORT }, 8080)).toThrow('PORT must be 0 to 65535');
});

test('so is such an ADVERTISE_PORT or ADMIN_PORT', () => {
  expect(() => addressOf({ ADVERTISE_PORT: '65536' }, 8080)).toThrow('ADVERTISE_PORT must be 0 to 65535');
  expect(() => addressOf({ ADMIN_PORT: 'x' }, 8080)).toThrow('ADMIN_PORT must be 0 to 65535');
});
