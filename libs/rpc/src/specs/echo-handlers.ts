import type { EchoRequest, EchoResponse, EchoServiceDefinition } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import type { Handlers } from '../server/served-method.ts';

export type EchoHandlers = Handlers<typeof EchoServiceDefinition>;

export const response = (over: Partial<EchoResponse> = {}): EchoResponse => ({
  text: '',
  number: 0,
  payload: Buffer.alloc(0),
  at: undefined,
  ...over,
});

const echo = async ({ text, number, payload }: EchoRequest) => Promise.resolve(response({ text, number, payload }));

/** Every method as its contract says. */
export const echoHandlers: EchoHandlers = {
  echo,
  put: echo,
  add: echo,
  async *count({ number }) {
    for (let n = 1; n <= number; n += 1) yield await Promise.resolve(response({ number: n }));
  },
  async sum(requests) {
    let number = 0;
    for await (const each of requests) number += each.number;
    return response({ number });
  },
  async *chat(requests) {
    for await (const { text, number } of requests) yield response({ text, number });
  },
};
