import type { MessageType, MethodShape, ServiceDefinition } from '@stampede/rpc';

const text: MessageType<string> = {
  encode: (message) => ({ finish: () => Buffer.from(message) }),
  decode: (input) => Buffer.from(input).toString(),
};

/** A service of one method, which may be called only once: it answers with the id of the instance that was called. */
export const WhoServiceDefinition = {
  name: 'WhoService',
  fullName: 'stampede.test.v1.WhoService',
  methods: {
    who: {
      name: 'Who',
      requestType: text,
      requestStream: false,
      responseType: text,
      responseStream: false,
      options: {},
    },
  },
} as const satisfies ServiceDefinition;

export const who: MethodShape<string, string> = {
  path: '/stampede.test.v1.WhoService/Who',
  requestStream: false,
  responseStream: false,
  encode: (message) => Buffer.from(message),
  decode: (bytes) => Buffer.from(bytes).toString(),
};
