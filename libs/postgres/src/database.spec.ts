import { AppError } from '@stampede/errors';
import { useDatabase } from '@stampede/testing';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectDatabase, isUniqueViolation, type Database, type DatabaseOptions, type Queryable } from './index.ts';

const open: Database[] = [];
let url: string;

function connect(options: Partial<DatabaseOptions> = {}): Database {
  const database = connectDatabase({ url, applicationName: 'spec', ...options });
  open.push(database);
  return database;
}

const pidOf = async (on: Queryable) => (await on.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]!.pid;

beforeAll(async () => {
  ({ url } = await useDatabase('postgres'));
  const database = connectDatabase({ url, applicationName: 'setup' });
  await database.query('CREATE TABLE counters (id text PRIMARY KEY, n bigint NOT NULL)');
  await database.close();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
});

test('every session is set as it was asked for', async () => {
  const database = connect({ settings: { enable_hashjoin: 'off', work_mem: '1MB' } });
  const [row] = await database.query(
    `SELECT current_setting('enable_hashjoin') AS joins, current_setting('work_mem') AS memory, current_setting('lock_timeout') AS lock`,
  );
  expect(row).toEqual({ joins: 'off', memory: '1MB', lock: '200ms' });
});

describe('values', () => {
  test('int8 is a number, numeric a string, a timestamp a Date, json is parsed', async () => {
    const [row] = await connect().query(
      `SELECT 9007199254740991::int8 AS big, '{1,NULL,3}'::int8[] AS bigs, 0.10::numeric AS exact,
              timestamptz '2026-01-02 03:04:05.678Z' AS at, '{"a":[1]}'::jsonb AS json, ARRAY['x'] AS texts`,
    );
    expect(row).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      bigs: [1, null, 3],
      exact: '0.10',
      at: new Date('2026-01-02T03:04:05.678Z'),
      json: { a: [1] },
      texts: ['x'],
    });
  });

  test.each(['UTC', 'Asia/Kolkata'])(
    'timestamps are the same whatever the time zone of the session (%s)',
    async (zone) => {
      const database = connect({ max: 1 });
      await database.query(`SET timezone TO '${zone}'`);
      const texts = [
        '2026-01-02 03:04:05Z',
        '2026-01-02 03:04:05.6789Z',
        '0044-03-15 12:00:00Z',
        '12026-01-01 00:00:00Z',
      ];
      const rows = await database.query<{ at: Date }>(
        `SELECT at FROM unnest($1::timestamptz[] || ARRAY['infinity']::timestamptz[]) WITH ORDINALITY AS t (at, n) ORDER BY n`,
        [[...texts, texts[0]]],
      );
      expect(rows.map(({ at }) => at)).toEqual([
        new Date('2026-01-02T03:04:05Z'),
        new Date('2026-01-02T03:04:05.678Z'),
        new Date('0044-03-15T12:00:00Z'),
        new Date('+012026-01-01T00:00:00Z'),
        new Date('2026-01-02T03:04:05Z'),
        Infinity,
      ]);
    },
  );

  test.each(['9007199254740992::int8', "'{-9007199254740992}'::int8[]"])(
    '%s throws instead of rounding',
    async (value) => {
      const database = connect({ max: 1 });
      await expect(database.query(`SELECT ${value}`)).rejects.toThrow('beyond what a number holds exactly');
      expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
  );
});

describe('connections', () => {
  test('a failed statement keeps its own error, and its connection', async () => {
    const database = connect({ max: 1 });
    const pid = await pidOf(database);
    const insert = () => database.query(`INSERT INTO counters VALUES ('unique', 0)`);
    await insert();
    const error: unknown = await insert().catch((thrown: unknown) => thrown);
    expect([
      isUniqueViolation(error),
      isUniqueViolation(error, 'counters_pkey'),
      isUniqueViolation(error, 'x'),
    ]).toEqual([true, true, false]);
    expect(await pidOf(database)).toBe(pid);
  });

  test('no connection within the acquire timeout is RESOURCE_EXHAUSTED, and so is a full queue, at once', async () => {
    const database = connect({ max: 1, acquireTimeoutMs: 100, maxWaiting: 1 });
    const busy = database.query('SELECT pg_sleep(0.5)');
    const waiting = expect(database.query('SELECT 1')).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'DATABASE_BUSY',
    });
    const begun = performance.now();
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(performance.now() - begun).toBeLessThan(50);
    await waiting;
    await busy;
  });

  test('a server that is not there is UNAVAILABLE', async () => {
    const error: unknown = await connect({ url: 'postgres://a:b@127.0.0.1:1/c' })
      .query('SELECT 1')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
  });

  test('too many clients is UNAVAILABLE', async () => {
    const limited = await useDatabase('limited');
    const admin = connect({ url: limited.adminUrl });
    await admin.query(`ALTER DATABASE ${limited.name} CONNECTION LIMIT 0`);
    await expect(connect({ url: limited.url }).query('SELECT 1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('a connection that the server ended is not used again, whether it was idle or at work', async () => {
    const database = connect({ max: 1 });
    const other = connect();
    await other.query('SELECT pg_terminate_backend($1)', [await pidOf(database)]);
    await expect.poll(() => database.query('SELECT 1 AS one').catch(() => 'lost')).toEqual([{ one: 1 }]);

    const pid = await pidOf(database);
    const cut = expect(database.query('SELECT pg_sleep(10)')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await other.query('SELECT pg_terminate_backend($1)', [pid]);
    await cut;
    expect(await pidOf(database)).not.toBe(pid);
  });

  test('a statement that takes too long is cut off', async () => {
    await expect(connect({ statementTimeoutMs: 50 }).query('SELECT pg_sleep(10)')).rejects.toThrow('statement timeout');
  });

  test('a named statement is prepared once a connection', async () => {
    const database = connect({ max: 1 });
    for (const n of [1, 2]) {
      expect(await database.query('SELECT $1::int AS n', [n], { name: 'echo' })).toEqual([{ n }]);
    }
    const prepared = await database.query(
      'SELECT name, generic_plans + custom_plans AS plans FROM pg_prepared_statements',
    );
    expect(prepared).toEqual([{ name: 'echo', plans: 2 }]);
  });

  test('statements that do not wait for each other run one after the other', async () => {
    const database = connect({ max: 1 });
    const answers = await database.transaction((tx) =>
      Promise.all([1, 2, 3].map((n) => tx.query('SELECT $1::int AS n', [n]))),
    );
    expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
    const failing = database.transaction((tx) => Promise.all([tx.query('SELECT 1/0'), tx.query('SELECT 1')]));
    await expect(failing).rejects.toThrow('division by zero');
  });

  test('with pipeline on, statements that do not wait for each other give the same answers', async () => {
    const database = connect({ max: 1, pipeline: true });
    const answers = await database.transaction((tx) =>
      Promise.all([1, 2, 3].map((n) => tx.query('SELECT $1::int AS n', [n], { name: 'echo' }))),
    );
    expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });
});

describe('transactions', () => {
  const add = (on: Queryable, id: string) =>
    on.query('INSERT INTO counters VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = counters.n + 1', [id]);
  const read = async (database: Database, id: string) =>
    (await database.query<{ n: number }>('SELECT n FROM counters WHERE id = $1', [id]))[0]?.n;

  test('an error undoes all of it', async () => {
    const database = connect({ max: 1 });
    const refused = new AppError('FAILED_PRECONDITION', 'NO', 'no');
    await expect(
      database.transaction(async (tx) => {
        await add(tx, 'undone');
        throw refused;
      }),
    ).rejects.toBe(refused);
    expect(await read(database, 'undone')).toBeUndefined();
  });

  test('serialization failures are retried until every one of 8 at once got through', async () => {
    const database = connect();
    await database.query(`INSERT INTO counters VALUES ('serial', 0)`);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        database.transaction(
          async (tx) => {
            const [row] = await tx.query<{ n: number }>(`SELECT n FROM counters WHERE id = 'serial'`);
            await tx.query(`UPDATE counters SET n = $1 WHERE id = 'serial'`, [row!.n + 1]);
          },
          { isolation: 'serializable', attempts: 50 },
        ),
      ),
    );
    expect(await read(database, 'serial')).toBe(8);
  });

  test('a deadlock is resolved by running the loser again, whole', async () => {
    const database = connect({ lockTimeoutMs: 0 });
    await database.query(`INSERT INTO counters VALUES ('left', 0), ('right', 0)`);
    const meet = Promise.withResolvers<undefined>();
    let runs = 0;
    const inOrder = (first: string, second: string) =>
      database.transaction(async (tx) => {
        runs += 1;
        await add(tx, first);
        if (runs === 2) meet.resolve(undefined);
        await meet.promise;
        await add(tx, second);
      });
    await Promise.all([inOrder('left', 'right'), inOrder('right', 'left')]);
    expect([await read(database, 'left'), await read(database, 'right')]).toEqual([2, 2]);
    expect(runs).toBe(3);
  });

  test('a lock that is not freed in time costs a bounded number of attempts, then UNAVAILABLE', async () => {
    const database = connect({ lockTimeoutMs: 20, idleInTransactionTimeoutMs: 5_000 });
    await database.query(`INSERT INTO counters VALUES ('held', 0)`);
    const release = Promise.withResolvers<undefined>();
    const holding = Promise.withResolvers<undefined>();
    const holder = database.transaction(async (tx) => {
      await add(tx, 'held');
      holding.resolve(undefined);
      await release.promise;
    });
    await holding.promise;
    let runs = 0;
    const waiter = database.transaction(
      (tx) => {
        runs += 1;
        return add(tx, 'held');
      },
      { attempts: 3 },
    );
    await expect(waiter).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'DATABASE_CONTENDED' });
    expect(runs).toBe(3);
    release.resolve(undefined);
    await holder;
  });

  test('who sits idle in a transaction loses its session and its locks; the others go on', async () => {
    const database = connect({ lockTimeoutMs: 0 });
    await database.query(`INSERT INTO counters VALUES ('frozen', 0)`);
    const holding = Promise.withResolvers<undefined>();
    const thaw = Promise.withResolvers<undefined>();
    const frozen = database.transaction(
      async (tx) => {
        await add(tx, 'frozen');
        holding.resolve(undefined);
        await thaw.promise;
      },
      { attempts: 1 },
    );
    const lost = expect(frozen).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await holding.promise;
    const begun = performance.now();
    await database.transaction((tx) => add(tx, 'frozen'));
    expect(performance.now() - begun).toBeLessThan(1_000);
    thaw.resolve(undefined);
    await lost;
    expect(await read(database, 'frozen')).toBe(1);
  });

  test('a connection that breaks before COMMIT: the work is run again', async () => {
    const database = connect();
    const other = connect();
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      await add(tx, 'again');
      if (runs === 1) await other.query('SELECT pg_terminate_backend($1)', [await pidOf(tx)]);
      await tx.query('SELECT 1');
    });
    expect([runs, await read(database, 'again')]).toEqual([2, 1]);
  });

  test('a swallowed failure inside does not pass for a commit', async () => {
    const database = connect();
    const work = database.transaction(async (tx) => {
      await add(tx, 'swallowed');
      await tx.query('SELECT 1/0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('nothing was committed');
    expect(await read(database, 'swallowed')).toBeUndefined();
  });

  test('a statement that nobody awaited belongs to the transaction all the same', async () => {
    const database = connect({ max: 1 });
    await database.transaction(async (tx) => {
      void tx.query('SELECT pg_sleep(0.05)');
      void add(tx, 'not awaited');
    });
    expect(await read(database, 'not awaited')).toBe(1);
    const failing = database.transaction(async (tx) => {
      await add(tx, 'not awaited');
      tx.query('SELECT 1/0').catch(() => undefined);
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await read(database, 'not awaited')).toBe(1);
  });

  test('with pipeline on, COMMIT leaves together with what was not awaited, and says what failed of it', async () => {
    const database = connect({ max: 1, pipeline: true });
    const other = connect();
    await database.transaction((tx) => {
      void add(tx, 'piped');
      return Promise.resolve();
    });
    expect(await read(database, 'piped')).toBe(1);
    const failing = database.transaction((tx) => {
      void add(tx, 'piped');
      tx.query('SELECT 1/0').catch(() => undefined);
      void add(tx, 'piped').catch(() => undefined);
      return Promise.resolve();
    });
    await expect(failing).rejects.toThrow('division by zero');
    expect(await read(other, 'piped')).toBe(1);
    expect(await read(database, 'piped')).toBe(1);
  });

  test('with pipeline on, a lock that is not freed in time among the last statements has the whole run again', async () => {
    const database = connect({ max: 2, pipeline: true, lockTimeoutMs: 20 });
    await database.query(`INSERT INTO counters VALUES ('piped lock', 0)`);
    const holding = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    const holder = connect({ idleInTransactionTimeoutMs: 5_000 }).transaction(async (tx) => {
      await add(tx, 'piped lock');
      holding.resolve(undefined);
      await release.promise;
    });
    await holding.promise;
    let runs = 0;
    await database.transaction((tx) => {
      runs += 1;
      if (runs === 2) release.resolve(undefined);
      add(tx, 'piped lock').catch(() => undefined);
      return Promise.resolve();
    });
    await holder;
    expect(await read(database, 'piped lock')).toBe(2);
    expect(runs).toBeGreaterThan(1);
  });

  test('a transaction that is over takes no more statements', async () => {
    const leaked = await connect().transaction((tx) => Promise.resolve(tx));
    await expect(leaked.query('SELECT 1')).rejects.toThrow('this transaction is over');
  });
});
