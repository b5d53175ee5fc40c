import { expect, test } from 'vitest';
import { addressOf } from './listen-address.ts';

test.each([
  [{}, { host: '127.0.0.1', port: 8080 }],
  [
    { HOST: '', PORT: '' },
    { host: '127.0.0.1', port: 8080 },
  ],
  [
    { HOST: '0.0.0.0', PORT: '0' },
    { host: '0.0.0.0', port: 0 },
  ],
  [{ PORT: '65535' }, { host: '127.0.0.1', port: 65_535 }],
])('%j', (env, expected) => {
  expect(addressOf(env)).toEqual(expected);
});

test.each(['65536', '-1', '80a', ' 80'])('PORT=%j is refused', (PORT) => {
  expect(() => addressOf({ PORT })).toThrow('PORT must be 0 to 65535');
});
