import { expect, test } from 'vitest';
import { addressOf } from './listen-address.ts';

const loopback = { host: '127.0.0.1', advertised: '127.0.0.1' };

test.each([
  [{}, { ...loopback, port: 8080 }],
  [
    { HOST: '', PORT: '', ADVERTISE_HOST: '' },
    { ...loopback, port: 8080 },
  ],
  [{ PORT: '65535' }, { ...loopback, port: 65_535 }],
  [
    { HOST: '0.0.0.0', PORT: '0', ADVERTISE_HOST: '10.0.0.7' },
    { host: '0.0.0.0', port: 0, advertised: '10.0.0.7' },
  ],
])('%j', (env, expected) => {
  expect(addressOf(env, 8080)).toEqual(expected);
});

test.each(['65536', '-1', '80a', ' 80'])('PORT=%j is refused', (PORT) => {
  expect(() => addressOf({ PORT }, 8080)).toThrow('PORT must be 0 to 65535');
});
