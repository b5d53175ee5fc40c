import type { handleUnaryCall } from '@grpc/grpc-js';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { silent } from '../embedded-log.ts';
import { answerFrom } from './answer.ts';
import { createEtcdNode } from './etcd-node.ts';
import type { Journal } from './journal.ts';
import { kvService } from './kv-service.ts';
import { bytes } from './test-support/requests.ts';
import { manualClock } from './test-support/manual-clock.ts';
import { WatchStream } from './watch-stream.ts';
import type { WatchResponse } from './wire.ts';

/** A node whose disk writes when the test says so. */
function setup() {
  const disk = Promise.withResolvers<undefined>();
  let dirty = false;
  const journal: Journal = {
    record: () => (dirty = true),
    settled: () => (dirty ? disk.promise.then(() => void (dirty = false)) : undefined),
    close: () => Promise.resolve(),
  };
  const node = createEtcdNode({
    ...{ journal, restored: undefined, clock: manualClock(), quotaBytes: 1_000, randomId: () => '1' },
    history: { revisions: 100, bytes: 1_000_000 },
  });
  const told: WatchResponse[] = [];
  const stream = new WatchStream(
    { keys: node.keys, released: () => node.hub.released, header: (revision) => node.header(revision) },
    { write: (response) => told.push(response) > 0, hold: () => undefined },
  );
  node.hub.add(stream);
  const watched = { key: bytes('k'), rangeEnd: bytes(''), startRevision: '0', watchId: '0', filters: [] };
  const plain = { progressNotify: false, prevKv: false, fragment: false };
  stream.receive({ requestUnion: 'createRequest', createRequest: { ...watched, ...plain } });
  const kv = kvService(node, answerFrom(node, silent));
  const call = <Req, Res>(handler: handleUnaryCall<Req, Res>, request: Req) => {
    const answered = vi.fn();
    handler({ request } as never, answered);
    return answered;
  };
  const put = (value: string) =>
    call(kv.put, {
      ...{ key: bytes('k'), value: bytes(value), lease: '0' },
      ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
    });
  const get = () =>
    call(kv.range, {
      ...{ key: bytes('k'), rangeEnd: bytes(''), limit: '0', revision: '0', sortOrder: 0, sortTarget: 0 },
      ...{ keysOnly: false, countOnly: false, minModRevision: '0', maxModRevision: '0' },
      ...{ minCreateRevision: '0', maxCreateRevision: '0' },
    });
  return { disk, put, get, told };
}

test('neither the writer nor a reader nor a watcher hears of a write before it is on the disk', async () => {
  const { disk, put, get, told } = setup();
  const answers = [put('1'), get()];
  await turn();
  for (const answered of answers) expect(answered).not.toHaveBeenCalled();
  expect(told).toHaveLength(1); // created
  disk.resolve(undefined);
  await turn();
  for (const answered of answers) {
    expect(answered).toHaveBeenCalledExactlyOnceWith(
      null,
      expect.objectContaining({ header: expect.anything() as unknown }),
    );
  }
  expect(told).toHaveLength(2);
});

test('a watcher hears of what was written while it waited for the disk', async () => {
  const { disk, put, told } = setup();
  put('1');
  await turn();
  put('2');
  await turn();
  disk.resolve(undefined);
  await turn();
  expect(told.map(({ events }) => events?.map(({ kv }) => String(kv.value)))).toEqual([undefined, ['1'], ['2']]);
});

test('when the disk fails nobody ever hears of the write', async () => {
  const { disk, put, get, told } = setup();
  const answers = [put('1'), get()];
  disk.reject(new Error('no space left on device'));
  await turn();
  answers.push(put('2'), get());
  await turn();
  for (const answered of answers) {
    expect(answered).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 14 }));
  }
  expect(told).toHaveLength(1);
});

test('a put above the quota is refused', () => {
  const { put } = setup();
  expect(put('x'.repeat(1_001))).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ code: 8, details: 'etcdserver: mvcc: database space exceeded' }),
  );
});
