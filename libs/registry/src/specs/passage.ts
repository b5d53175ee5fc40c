import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';

/** A way to etcd that passes each call and each message on, and may be made to drop them. */
export interface Passage {
  readonly endpoint: string;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  heal(): Promise<void>;
  /** Events of watches are dropped from now on, or no longer: the connection is well, pings are answered, new watches are confirmed. */
  mute(muted: boolean): void;
  /** How many messages were dropped. */
  readonly dropped: number;
  /** Lets the server forget every revision before this one. */
  compact(revision: number): Promise<void>;
  close(): void;
}

const UNARY = ['KV/Range', 'KV/Put', 'KV/DeleteRange', 'KV/Txn', 'Lease/LeaseGrant', 'Lease/LeaseRevoke'];
const WATCH = 'Watch/Watch';
const STREAMS = ['Lease/LeaseKeepAlive', WATCH];
const same = (bytes: Buffer) => bytes;

export async function openPassage(target: string): Promise<Passage> {
  const client = new Client(new URL(target).host, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  let server = new Server();
  let port = 0;
  let muted = false;
  let dropped = 0;

  const unary = (path: string) => (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
    client.makeUnaryRequest(path, same, same, call.request, (error, bytes) => reply(error, bytes));
  };
  const stream = (path: string) => (call: ServerDuplexStream<Buffer, Buffer>) => {
    const onward = client.makeBidiStreamRequest(path, same, same);
    let messages = 0;
    call.on('data', (bytes: Buffer) => onward.write(bytes));
    call.on('end', () => onward.end());
    call.on('cancelled', () => onward.cancel());
    onward.on('data', (bytes: Buffer) => {
      messages += 1;
      // The first says that the watch is set up.
      if (muted && path.endsWith(WATCH) && messages > 1) dropped += 1;
      else call.write(bytes);
    });
    onward.on('end', () => call.end());
    onward.on('error', (error) => call.emit('error', error));
  };

  async function listen(): Promise<void> {
    server = new Server();
    const definition = (name: string, streams: boolean) => ({
      path: `/etcdserverpb.${name}`,
      requestStream: streams,
      responseStream: streams,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    });
    for (const name of UNARY)
      server.addService({ call: definition(name, false) }, { call: unary(`/etcdserverpb.${name}`) });
    for (const name of STREAMS)
      server.addService({ call: definition(name, true) }, { call: stream(`/etcdserverpb.${name}`) });
    port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  await listen();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    cut: () => server.forceShutdown(),
    heal: listen,
    mute: (mute) => void (muted = mute),
    get dropped() {
      return dropped;
    },
    compact: (revision) =>
      new Promise((resolve, reject) => {
        // CompactionRequest { int64 revision = 1; }
        const request = Buffer.from([0x08, ...varint(revision)]);
        client.makeUnaryRequest('/etcdserverpb.KV/Compact', same, same, request, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
    close() {
      server.forceShutdown();
      client.close();
    },
  };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
