import type { ServiceError } from '@grpc/grpc-js';
import { connect, type EtcdClient, type Kv, type OpReply, type Stream, type WatchReply } from './etcd-client.ts';
import {
  TARGETS,
  type Comparison,
  type Find,
  type Lookout,
  type Operation,
  type Range,
  type TxnOp,
} from './operations.ts';
import { bytes, prefix as prefixed } from './requests.ts';
import type { Entry, Happened, Outcome, Story, Subject } from './subject.ts';

const END = '~end';

/** Cases on a server of the etcd API; each has its own prefix, above those before it, and its own leases. */
export function apiSubjects(endpoint: string): { begin(lookout: Lookout): Promise<Subject>; close(): void } {
  const etcd = connect(endpoint);
  let begun = 0;
  return {
    async begin(lookout) {
      begun += 1;
      // A revision of its own, so that no earlier case has compacted the one this case begins at.
      const { header } = await etcd.put({ key: bytes('!begin'), value: bytes(String(begun)) });
      const prefix = `r${String(begun).padStart(6, '0')}/`;
      const subject = new ApiSubject(etcd, prefix, BigInt(begun) * 10n, Number(header.revision), lookout);
      await subject.watch();
      return subject;
    },
    close: () => etcd.close(),
  };
}

class ApiSubject implements Subject {
  readonly #etcd: EtcdClient;
  readonly #prefix: string;
  readonly #firstLease: bigint;
  readonly #base: number;
  readonly #lookout: Lookout;
  readonly #everything: Stream<WatchReply>;
  readonly #looking: Stream<WatchReply>;
  /** Why there is no lookout. */
  #refused: string | undefined;
  /** The revision of the last operation. */
  #last: number | undefined;

  constructor(etcd: EtcdClient, prefix: string, firstLease: bigint, base: number, lookout: Lookout) {
    this.#etcd = etcd;
    this.#prefix = prefix;
    this.#firstLease = firstLease;
    this.#base = base;
    this.#lookout = lookout;
    this.#everything = etcd.watch();
    this.#looking = etcd.watch();
  }

  /** Sets up what watches from the begin. */
  async watch(): Promise<void> {
    this.#everything.send({ createRequest: prefixed(this.#prefix) });
    await this.#everything.next();
    this.#looking.send({ createRequest: this.#lookoutRequest() });
    const { canceled, cancelReason } = await this.#looking.next();
    if (canceled) this.#refused = cancelReason;
  }

  async run(operation: Operation): Promise<Outcome> {
    try {
      return await this.#run(operation);
    } catch (error) {
      const { code, details } = error as ServiceError;
      return { error: `${code} ${details}` };
    }
  }

  live(): Promise<Story> {
    return this.#storyOf(this.#everything, 0, END);
  }

  liveLookout(): Promise<Story> {
    if (this.#refused !== undefined) return Promise.resolve({ refused: this.#refused });
    return this.#storyOf(this.#looking, 0, this.#markInSight());
  }

  late(from: number): Promise<Story> {
    const stream = this.#etcd.watch();
    stream.send({ createRequest: { ...prefixed(this.#prefix), startRevision: this.#base + from, prevKv: true } });
    return this.#storyOf(stream, from, END);
  }

  lateLookout(from: number): Promise<Story> {
    const stream = this.#etcd.watch();
    stream.send({ createRequest: { ...this.#lookoutRequest(), startRevision: this.#base + from, prevKv: true } });
    return this.#storyOf(stream, from, this.#markInSight());
  }

  #lookoutRequest(): object {
    const { filters, fragment } = this.#lookout;
    return { ...this.#range(this.#lookout), filters, fragment };
  }

  /** A key that the lookout sees. */
  #markInSight(): string {
    const { key, end } = this.#lookout;
    return end === undefined ? key : `${key}${END}`;
  }

  /** Reads what happened up to the last operation; a mark that is put and deleted now, at `from` or later, says that it was all. */
  async #storyOf(stream: Stream<WatchReply>, from: number, name: string): Promise<Story> {
    const mark = { key: this.#key(name) };
    this.#last ??= Number((await this.#etcd.range(mark)).header.revision);
    let end: number;
    do {
      end = Number((await this.#etcd.put(mark)).header.revision);
      await this.#etcd.deleteRange(mark);
    } while (end < this.#base + from);
    const story: Happened[] = [];
    try {
      for (;;) {
        const reply = await stream.next();
        if (reply.canceled) {
          return reply.created ? { refused: reply.cancelReason } : { compacted: this.#offset(reply.compactRevision) };
        }
        for (const { type, kv, prevKv } of reply.events) {
          if (Number(kv.modRevision) >= end) return story;
          if (Number(kv.modRevision) > this.#last) continue;
          const kind = Number(type) === 0 ? 'put' : 'delete';
          story.push({ kind, entry: this.#entry(kv), previous: prevKv === null ? undefined : this.#entry(prevKv) });
        }
      }
    } finally {
      stream.cancel();
    }
  }

  async #run(operation: Operation): Promise<Outcome> {
    const etcd = this.#etcd;
    switch (operation.op) {
      case 'find':
        return this.#outcome({ responseRange: await etcd.range(this.#findRequest(operation.find)) });
      case 'put':
        return this.#outcome({ responsePut: await etcd.put(this.#request(operation).requestPut) });
      case 'delete':
        return this.#outcome({
          responseDeleteRange: await etcd.deleteRange(this.#request(operation).requestDeleteRange),
        });
      case 'txn':
        return this.#outcome({ responseTxn: await etcd.txn(this.#request(operation).requestTxn) });
      case 'compact': {
        const { header } = await etcd.compact({ revision: this.#base + operation.revision });
        return { revision: this.#offset(header.revision) };
      }
      case 'grant': {
        const { header, TTL } = await etcd.leaseGrant({ ID: this.#leaseId(operation.lease), TTL: operation.ttl });
        return { revision: this.#offset(header.revision), ttl: Number(TTL) };
      }
      case 'revoke': {
        const { header } = await etcd.leaseRevoke({ ID: this.#leaseId(operation.lease) });
        return { revision: this.#offset(header.revision) };
      }
      case 'keysOf': {
        const reply = await etcd.leaseTimeToLive({ ID: this.#leaseId(operation.lease), keys: true });
        const keys = reply.keys.map((key) => this.#name(key)).sort();
        return { revision: this.#offset(reply.header.revision), ttl: Number(reply.grantedTTL), keys };
      }
      case 'keepAlive': {
        const stream = etcd.keepAlive();
        stream.send({ ID: this.#leaseId(operation.lease) });
        const { header, TTL } = await stream.next();
        stream.halfClose();
        return { revision: this.#offset(header.revision), ttl: Number(TTL) };
      }
      case 'leases': {
        const slots = (await etcd.leaseLeases()).leases.map(({ ID }) => Number(BigInt(ID) - this.#firstLease));
        return { leases: slots.filter((slot) => slot > 0 && slot < 10).sort() };
      }
    }
  }

  #request(op: TxnOp): Record<string, object> {
    switch (op.op) {
      case 'find':
        return { requestRange: this.#findRequest(op.find) };
      case 'put': {
        const { key, value, lease, ...flags } = op.put;
        return {
          requestPut: { key: this.#key(key), value: bytes(value), lease: this.#leaseId(lease), ...flags },
        };
      }
      case 'delete':
        return { requestDeleteRange: { ...this.#range(op.delete), prevKv: op.delete.prevKv } };
      case 'txn':
        return {
          requestTxn: {
            compare: op.txn.compare.map((comparison) => this.#compare(comparison)),
            success: op.txn.success.map((nested) => this.#request(nested)),
            failure: op.txn.failure.map((nested) => this.#request(nested)),
          },
        };
    }
  }

  #findRequest(find: Find): object {
    const { limit, sortTarget, sortOrder, keysOnly, countOnly } = find;
    return {
      ...this.#range(find),
      ...{ limit, sortTarget, sortOrder, keysOnly, countOnly },
      revision: this.#revision(find.revision),
      minModRevision: this.#revision(find.minMod),
      maxModRevision: this.#revision(find.maxMod),
      minCreateRevision: this.#revision(find.minCreate),
      maxCreateRevision: this.#revision(find.maxCreate),
    };
  }

  #compare({ with: { target, operand }, result, ...range }: Comparison): object {
    const common = { ...this.#range(range), result, target: TARGETS.indexOf(target) };
    if (target === 'value') return { ...common, value: bytes(operand) };
    if (target === 'version') return { ...common, version: operand };
    if (target === 'lease') return { ...common, lease: this.#leaseId(operand) };
    return { ...common, [target]: operand === 'zero' ? 0 : this.#revision(operand) };
  }

  #range({ key, end }: Range): object {
    if (end === undefined) return { key: this.#key(key) };
    return { key: this.#key(key), rangeEnd: end === '\0' ? Buffer.of(0) : this.#key(end) };
  }

  /** The empty key stays empty. */
  #key(name: string): Buffer {
    return bytes(name === '' ? '' : `${this.#prefix}${name}`);
  }

  #name(key: Buffer): string {
    return key.toString().slice(this.#prefix.length);
  }

  #revision(offset: number | undefined): number {
    return offset === undefined ? 0 : this.#base + offset;
  }

  #offset(revision: string): number | 'none' {
    return revision === '0' ? 'none' : Number(revision) - this.#base;
  }

  #leaseId(slot: number): string {
    return slot === 0 ? '0' : String(this.#firstLease + BigInt(slot));
  }

  #entry(kv: Kv): Entry {
    return {
      key: this.#name(kv.key),
      create: this.#offset(kv.createRevision),
      mod: this.#offset(kv.modRevision),
      version: Number(kv.version),
      value: kv.value.toString(),
      lease: kv.lease === '0' ? 0 : Number(BigInt(kv.lease) - this.#firstLease),
    };
  }

  #outcome({ responseRange, responsePut, responseDeleteRange, responseTxn }: OpReply): Outcome {
    if (responseRange !== undefined) {
      const { header, kvs, more, count } = responseRange;
      const entries = kvs.map((kv) => this.#entry(kv));
      return { revision: this.#offset(header.revision), kvs: entries, more, count: Number(count) };
    }
    if (responsePut !== undefined) {
      const { header, prevKv } = responsePut;
      return { revision: this.#offset(header.revision), previous: prevKv === null ? undefined : this.#entry(prevKv) };
    }
    if (responseDeleteRange !== undefined) {
      const { header, deleted, prevKvs } = responseDeleteRange;
      const previous = prevKvs.map((kv) => this.#entry(kv));
      return { revision: this.#offset(header.revision), deleted: Number(deleted), previous };
    }
    if (responseTxn === undefined) throw new Error('an empty response');
    const { header, succeeded, responses } = responseTxn;
    return {
      revision: this.#offset(header?.revision ?? '0'),
      succeeded,
      responses: responses.map((nested) => this.#outcome(nested)),
    };
  }
}
