import { credentials, makeClientConstructor, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { etcdDefinitions } from '../etcd-definitions.ts';

/** What etcd answers, as it is decoded from the wire: each int64 a decimal string, what is absent its default. */
export interface Kv {
  readonly key: Buffer;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly version: string;
  readonly value: Buffer;
  readonly lease: string;
}

export interface Header {
  readonly clusterId: string;
  readonly memberId: string;
  readonly revision: string;
  readonly raftTerm: string;
}

export interface RangeReply {
  readonly header: Header;
  readonly kvs: readonly Kv[];
  readonly more: boolean;
  readonly count: string;
}

export interface PutReply {
  readonly header: Header;
  readonly prevKv: Kv | null;
}

export interface DeleteReply {
  readonly header: Header;
  readonly deleted: string;
  readonly prevKvs: readonly Kv[];
}

export interface OpReply {
  readonly responseRange?: RangeReply;
  readonly responsePut?: PutReply;
  readonly responseDeleteRange?: DeleteReply;
  readonly responseTxn?: TxnReply;
}

export interface TxnReply {
  readonly header: Header | null;
  readonly succeeded: boolean;
  readonly responses: readonly OpReply[];
}

export interface EventReply {
  readonly type: string | number;
  readonly kv: Kv;
  readonly prevKv: Kv | null;
}

export interface WatchReply {
  readonly header: Header;
  readonly watchId: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: string;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly EventReply[];
}

export interface LeaseReply {
  readonly header: Header;
  readonly ID: string;
  readonly TTL: string;
}

interface Methods {
  range: RangeReply;
  put: PutReply;
  deleteRange: DeleteReply;
  txn: TxnReply;
  compact: { readonly header: Header };
  leaseGrant: LeaseReply;
  leaseRevoke: { readonly header: Header };
  leaseTimeToLive: LeaseReply & { readonly grantedTTL: string; readonly keys: readonly Buffer[] };
  leaseLeases: { readonly header: Header; readonly leases: readonly { readonly ID: string }[] };
  memberList: { readonly header: Header; readonly members: readonly { readonly clientURLs: readonly string[] }[] };
  status: { readonly header: Header; readonly version: string; readonly leader: string };
}

/** A bidirectional stream whose answers are taken one after the other. */
export interface Stream<Res> {
  send(request: object): void;
  /** The next answer; rejects when the stream ends first. */
  next(): Promise<Res>;
  /** What has arrived and was not taken. */
  readonly arrived: readonly Res[];
  /** Stops reading, so that the server must wait. */
  pause(): void;
  resume(): void;
  halfClose(): void;
  cancel(): void;
}

export type EtcdClient = {
  [Method in keyof Methods]: (request?: object) => Promise<Methods[Method]>;
} & {
  watch(): Stream<WatchReply>;
  keepAlive(): Stream<LeaseReply>;
  /** Calls a method that need not exist. */
  call(path: string): Promise<unknown>;
  close(): void;
};

type Unary = (request: object, callback: (error: ServiceError | null, reply: unknown) => void) => void;
type Duplex = () => ClientDuplexStream<object, unknown>;

/** A bare client of the API, made from the same .proto files. */
export function connect(endpoint: string): EtcdClient {
  const address = endpoint.replace('http://', '');
  const options = { 'grpc.max_receive_message_length': -1, 'grpc.use_local_subchannel_pool': 1 };
  const clients = Object.values(etcdDefinitions()).map((definition) => {
    const Client = makeClientConstructor(definition, '');
    return new Client(address, credentials.createInsecure(), options);
  });
  const methodOf = (name: string): unknown => {
    const client = clients.find((candidate) => name in candidate);
    if (client === undefined) throw new Error(`no method ${name}`);
    return (client[name] as Unary).bind(client);
  };
  const unary = (name: string) => {
    const method = methodOf(name) as Unary;
    return (request: object = {}) =>
      new Promise((resolve, reject) => {
        method(request, (error, reply) => {
          if (error === null) resolve(reply);
          else reject(error);
        });
      });
  };
  const names = [
    ...['range', 'put', 'deleteRange', 'txn', 'compact', 'leaseGrant', 'leaseRevoke', 'leaseTimeToLive'],
    ...['leaseLeases', 'memberList', 'status'],
  ];
  return {
    ...Object.fromEntries(names.map((name) => [name, unary(name)])),
    watch: () => streamOf((methodOf('watch') as Duplex)()),
    keepAlive: () => streamOf((methodOf('leaseKeepAlive') as Duplex)()),
    call: (path: string) =>
      new Promise((resolve, reject) => {
        const identity = (bytes: Buffer) => bytes;
        clients[0]?.makeUnaryRequest(path, identity, identity, Buffer.alloc(0), (error, reply) => {
          if (error === null) resolve(reply);
          else reject(error);
        });
      }),
    close: () => {
      for (const client of clients) client.close();
    },
  } as unknown as EtcdClient;
}

function streamOf<Res>(call: ClientDuplexStream<object, unknown>): Stream<Res> {
  const arrived: Res[] = [];
  const waiting: { resolve: (reply: Res) => void; reject: (error: Error) => void }[] = [];
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  call.on('data', (reply: Res) => {
    const first = waiting.shift();
    if (first === undefined) arrived.push(reply);
    else first.resolve(reply);
  });
  call.on('error', end);
  call.on('end', () => end(new Error('the stream has ended')));
  return {
    arrived,
    send: (request) => void call.write(request),
    next: () => {
      const first = arrived.shift();
      if (first !== undefined) return Promise.resolve(first);
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    },
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    halfClose: () => void call.end(),
    cancel: () => call.cancel(),
  };
}
