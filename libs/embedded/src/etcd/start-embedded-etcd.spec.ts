import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DataDirInUseError } from '../process/claim-folder.ts';
import { JournalDamagedError } from './journal-format.ts';
import { startEmbeddedEtcd, type EmbeddedEtcd, type EmbeddedEtcdOptions } from './start-embedded-etcd.ts';
import { connect, type EtcdClient } from './test-support/etcd-client.ts';
import { bytes, entry, key, opPut, prefix } from './test-support/requests.ts';

let dataDir: string;
let open: { etcd: EmbeddedEtcd; client: EtcdClient }[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'embedded-etcd-'));
  open = [];
});
afterEach(async () => {
  for (const { etcd, client } of open) {
    client.close();
    await etcd.stop();
  }
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: EmbeddedEtcdOptions = { dataDir }) {
  const etcd = await startEmbeddedEtcd(options);
  const client = connect(etcd.endpoint);
  open.push({ etcd, client });
  return { etcd, client };
}

const journal = () => join(dataDir, 'etcd', 'journal');
const all = { key: Buffer.of(0), rangeEnd: Buffer.of(0) };
const revisionOf = (reply: { header: { revision: string } }) => Number(reply.header.revision);

describe('after a restart', () => {
  test('keys without a lease are there as they were, keys with one are gone', async () => {
    const { etcd, client } = await start();
    const { ID: lease } = await client.leaseGrant({ TTL: 600 });
    await client.put(entry('kept', '1'));
    await client.put({ ...entry('leased', '1'), lease });
    await client.put(entry('became leased', '1'));
    await client.put({ ...entry('became leased', '2'), lease });
    await client.put({ ...entry('was leased', '1'), lease });
    await client.put(entry('was leased', '2'));
    await client.put(entry('deleted', '1'));
    await client.deleteRange(key('deleted'));
    await client.txn({ success: [opPut(entry('\0\xff', 'bytes')), opPut(entry('kept', '2'))] });
    const before = await client.range(all);
    await etcd.stop();

    const { client: again } = await start();
    const after = await again.range(all);
    expect(after.kvs).toEqual(before.kvs.filter((kv) => kv.lease === '0'));
    expect(after.kvs.map((kv) => kv.key.toString('latin1'))).toEqual(['\0\xff', 'kept', 'was leased']);
    expect(after.header.clusterId).not.toBe(before.header.clusterId);
    expect(revisionOf(after)).toBe(revisionOf(before) + 2);
    expect((await again.leaseLeases()).leases).toEqual([]);
  });

  test('revisions go on above the old ones, and those count as compacted', async () => {
    const { etcd, client } = await start();
    const old = revisionOf(await client.put(entry('a', '1')));
    await etcd.stop();
    const { client: again } = await start();
    const now = revisionOf(await again.range(all));
    await expect(again.range({ ...all, revision: old })).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
    const watch = again.watch();
    watch.send({ createRequest: { ...all, startRevision: old + 1 } });
    expect(await watch.next()).toMatchObject({ created: true });
    expect(await watch.next()).toMatchObject({ canceled: true, compactRevision: String(now) });
    watch.cancel();
    expect((await again.put({ ...entry('a', '2'), prevKv: true })).prevKv).toMatchObject({ value: bytes('1') });
  });

  test('no revision is given twice, even those of leased keys after a crash', async () => {
    const seen: number[] = [];
    for (let life = 0; life < 3; life += 1) {
      const child = await crashable();
      const { ID: lease } = await child.client.leaseGrant({ TTL: 600 });
      for (let count = 0; count < 20; count += 1) {
        seen.push(revisionOf(await child.client.put({ ...entry('leased', String(count)), lease })));
      }
      await child.kill();
    }
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  test('every write that was answered before a SIGKILL is there', async () => {
    const child = await crashable();
    const acknowledged: string[] = [];
    let next = 0;
    const write = async () => {
      for (;;) {
        const name = `w${(next += 1)}`;
        await child.client.txn({ success: [opPut(entry(name, name)), opPut(entry(`${name}/twin`, name))] });
        acknowledged.push(name);
      }
    };
    const writers = Array.from({ length: 16 }, () => write().catch(() => undefined));
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(500), { timeout: 20_000 });
    await child.kill();
    await Promise.all(writers);
    const { client } = await start();
    const { kvs } = await client.range(prefix('w'));
    const names = new Set(kvs.map((kv) => kv.key.toString()));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect([...names].filter((name) => !name.endsWith('/twin') && !names.has(`${name}/twin`))).toEqual([]);
  });

  /** A server in a process of its own. */
  async function crashable() {
    const module = new URL('start-embedded-etcd.ts', import.meta.url).href;
    const script = `const { startEmbeddedEtcd } = await import(${JSON.stringify(module)});
      const { endpoint } = await startEmbeddedEtcd({ dataDir: process.argv[1] });
      console.log(endpoint);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string];
    const client = connect(endpoint);
    return {
      client,
      async kill() {
        child.kill('SIGKILL');
        await exited;
        client.close();
      },
    };
  }
});

describe('the journal', () => {
  test('may end in a line that was torn by a crash', async () => {
    const { etcd, client } = await start();
    await client.put(entry('a', '1'));
    await etcd.stop();
    await appendFile(journal(), 'deadbeef {"ceiling":99,"put":[["YQ==","torn');
    const { etcd: second, client: again } = await start();
    expect((await again.range(all)).kvs).toMatchObject([{ value: bytes('1') }]);
    await again.put(entry('b', '2'));
    await second.stop();
    // Torn where the end of the line had reached the disk, and something before it not.
    await appendFile(journal(), 'deadbeef \0\0\0\0\0\0"torn"],"drop":[]}\n');
    const { client: third } = await start();
    expect((await third.range(all)).count).toBe('2');
  });

  test('is refused when it is damaged before its end, and left as it is', async () => {
    const { etcd, client } = await start();
    for (const name of ['a', 'b', 'c']) await client.put(entry(name, '1'));
    await etcd.stop();
    const damaged = (await readFile(journal(), 'utf8')).replace('"Yg=="', '"Yw=="');
    await writeFile(journal(), damaged);
    await expect(start()).rejects.toThrow(JournalDamagedError);
    expect(await readFile(journal(), 'utf8')).toBe(damaged);
  });

  test('does not grow with every write', async () => {
    const { client, etcd } = await start();
    for (let count = 0; count < 120; count += 1) await client.put(entry('large', String(count).padEnd(100_000)));
    expect((await stat(journal())).size).toBeLessThan(4.5 * 1024 * 1024);
    await etcd.stop();
    const { client: again } = await start();
    expect((await again.range(key('large'))).kvs[0]?.value.toString().trim()).toBe('119');
    expect((await stat(journal())).size).toBeLessThan(200_000);
  });

  test('belongs to one server at a time', async () => {
    const { etcd } = await start();
    await expect(start()).rejects.toThrow(DataDirInUseError);
    await etcd.stop();
    await start();
  });
});

test('without a folder nothing is kept, and two servers are two clusters', async () => {
  const [one, other] = [await start({}), await start({})];
  await one.client.put(entry('a', '1'));
  expect((await other.client.range(all)).count).toBe('0');
  const headers = [(await one.client.status()).header, (await other.client.status()).header];
  expect(headers[0]?.clusterId).not.toBe(headers[1]?.clusterId);
});

test('a port that is taken is an error, and the folder is free again', async () => {
  const { etcd } = await start({});
  const port = Number(new URL(etcd.endpoint).port);
  await expect(startEmbeddedEtcd({ dataDir, port })).rejects.toThrow();
  await start({ dataDir });
});

test('it listens where it is told, IPv6 too', async () => {
  const { etcd, client } = await start({ host: '::1' });
  expect(etcd.endpoint).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await client.memberList()).members[0]?.clientURLs).toEqual([etcd.endpoint]);
});

test('stopping ends streams with UNAVAILABLE, at once', async () => {
  const { etcd, client } = await start({});
  const [watch, keepAlive] = [client.watch(), client.keepAlive()];
  watch.send({ createRequest: all });
  keepAlive.send({ ID: '1' });
  await Promise.all([watch.next(), keepAlive.next()]);
  const ends = [watch.next(), keepAlive.next()].map((end) =>
    expect(end).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'etcdserver: server stopped' }),
  );
  await etcd.stop();
  await Promise.all(ends);
  await expect(client.range(all)).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test('a client that stops reading costs no memory, and is told all or that it came too late', async () => {
  const { client } = await start({ historyRevisions: 200 });
  const slow = client.watch();
  slow.send({ createRequest: prefix('k') });
  await slow.next();
  slow.pause();
  const value = 'x'.repeat(50_000);
  for (let count = 0; count < 600; count += 1) await client.put(entry(`k${count}`, value));
  slow.resume();
  let told = 0;
  for (;;) {
    const reply = await slow.next();
    for (const { kv } of reply.events) expect(kv.key.toString()).toBe(`k${told++}`);
    if (reply.canceled) {
      expect(Number(reply.compactRevision)).toBeGreaterThan(told + 1);
      break;
    }
  }
  // What fits in the buffers between the two, and no more.
  expect(told).toBeLessThan(300);
  slow.cancel();
});

test('an idle watch that wants progress is told now and then', async () => {
  const { client } = await start({ progressNotifyMs: 20 });
  const watch = client.watch();
  watch.send({ createRequest: { ...key('a'), progressNotify: true } });
  await watch.next();
  const revision = revisionOf(await client.put(entry('b', '1')));
  await vi.waitFor(async () => expect(revisionOf(await watch.next())).toBe(revision));
  watch.cancel();
});

test('an order that no one knows is refused, and so is what this server lacks', async () => {
  const { client } = await start({});
  await expect(client.range({ ...all, sortOrder: 9 })).rejects.toMatchObject({
    details: 'etcdserver: invalid sort option',
  });
  await expect(client.range({ ...all, sortTarget: 9 })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  for (const path of [
    '/etcdserverpb.Maintenance/Snapshot',
    '/etcdserverpb.Auth/AuthEnable',
    '/grpc.health.v1.Health/Check',
  ]) {
    await expect(client.call(path)).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  }
});
