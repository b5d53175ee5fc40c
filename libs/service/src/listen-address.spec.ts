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
  const { advertised, ...rest } = addressOf(env, 8080);
  expect({ ...rest, advertised: advertised(5000) }).toEqual(expected);
});

test.each(['65536', '-1', '80a', ' 80'])('PORT=%j is refused', (PORT) => {
  expect(() => addressOf({ PORT }, 8080)).toThrow('PORT must be 0 to 65535');
});

test('so is such an ADVERTISE_PORT', () => {
  expect(() => addressOf({ ADVERTISE_PORT: '65536' }, 8080)).toThrow('ADVERTISE_PORT must be 0 to 65535');
});
