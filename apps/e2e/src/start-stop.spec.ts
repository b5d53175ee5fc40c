import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROUNDS } from './support/rounds.ts';
import { logIn, newProduct, type OrderBody } from './support/shopper.ts';
import { ROOT, auditStack, processesOf, startStack, type Stack } from './support/stack.ts';

const NX_SERVE = [process.execPath, 'node_modules/nx/dist/bin/nx.js', 'run-many', '-t', 'serve'] as const;

async function folder(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'stampede-e2e-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

const nothingIsLeft = (dataDir: string) =>
  vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), { timeout: 10_000, interval: 50 });

async function buyOne(stack: Stack): Promise<string> {
  const customer = await logIn(stack, stack.customer);
  const { status, body } = await customer.buy([{ sku: 'tee-black', quantity: 1 }]);
  expect([status, body.status]).toEqual([201, 'PAID']);
  return body.id;
}

test.each([
  ['npm start', undefined],
  ['nx run-many -t serve', NX_SERVE],
] as const)(
  '%s: ready each time, keeps the data, leaves nothing behind',
  async (_, command) => {
    const dataDir = await folder();
    const orders: string[] = [];
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const stack = await startStack({ dataDir, ...(command && { command }) });
      times.push(Math.round(stack.readyAfterMs));
      orders.push(await buyOne(stack));
      const customer = await logIn(stack, stack.customer);
      const { body } = await customer.get<{ orders: OrderBody[] }>('/v1/orders?pageSize=200');
      expect(body.orders.map(({ id }) => id)).toEqual(orders.toReversed());
      expect(await auditStack(stack)).toMatchObject({ clean: true, moving: 0 });
      await stack.stop();
      await nothingIsLeft(dataDir);
    }
    process.stdout.write(`ready after ${times.join(', ')} ms\n`);
  },
  ROUNDS * 60_000,
);

test('Ctrl-C stops everything', async () => {
  const dataDir = await folder();
  const child = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', STAMPEDE_DATA: dataDir },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await vi.waitFor(() => expect(printed).toContain('Stampede is ready'), { timeout: 60_000 });
  const exited = once(child, 'exit');
  process.kill(-child.pid!, 'SIGINT');
  await exited;
  await nothingIsLeft(dataDir);
});

test('after a SIGKILL of everything the next start has every order that was paid', async () => {
  const dataDir = await folder();
  const first = await startStack({ dataDir });
  const operator = await logIn(first, first.operator);
  const customer = await logIn(first, first.customer);
  const sku = await newProduct(operator, 1_000);
  const paid: string[] = [];
  const load = Array.from({ length: 8 }, async () => {
    for (;;) {
      const answer = await customer.buy([{ sku, quantity: 1 }]).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 201) paid.push(answer.body.id);
    }
  });
  await vi.waitFor(() => expect(paid.length).toBeGreaterThan(20), { timeout: 30_000 });
  for (const { pid } of processesOf(dataDir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone with its parent.
    }
  }
  await Promise.all(load);
  await nothingIsLeft(dataDir);

  const second = await startStack({ dataDir });
  onTestFinished(async () => {
    await second.stop();
  });
  const again = await logIn(second, second.customer);
  for (const id of paid) expect((await again.get(`/v1/orders/${id}`)).body).toMatchObject({ id, status: 'PAID' });
  expect(await auditStack(second)).toMatchObject({ clean: true, moving: 0 });
});

test('after a SIGKILL of the supervisor alone, the next start waits for what it left behind to leave', async () => {
  const dataDir = await folder();
  const first = await startStack({ dataDir });
  const port = new URL(first.url).port;
  for (const { pid, command } of processesOf(dataDir)) {
    if (command.includes('run.mjs') || command.includes('apps/stack/src/main.ts')) process.kill(pid, 'SIGKILL');
  }
  const second = await startStack({ dataDir, env: { PORT: port } });
  onTestFinished(async () => {
    await second.stop();
  });
  await buyOne(second);
  expect(await auditStack(second)).toMatchObject({ clean: true, moving: 0 });
});

test('a stack that is tied to whoever brought it up ends with it, however that one ends', async () => {
  const dataDir = await folder();
  const owner = spawn(
    process.execPath,
    [
      '-e',
      `import('@stampede/testing').then(({ startStack }) => startStack({ dataDir: '${dataDir}', tied: true })).then(() => console.log('up'))`,
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(owner.stdout, 'data');
  expect(processesOf(dataDir).length).toBeGreaterThan(5);
  owner.kill('SIGKILL');
  await nothingIsLeft(dataDir);
});

test('configuration survives a restart, and two stacks run side by side', async () => {
  const [here, there] = [await folder(), await folder()];
  const [one, two] = await Promise.all([startStack({ dataDir: here }), startStack({ dataDir: there })]);
  expect(one.url).not.toBe(two.url);
  await buyOne(one);
  await buyOne(two);
  const config = spawn(process.execPath, ['apps/stack/bin/run.mjs', 'config', 'put', 'order/maxQuantity', '5'], {
    cwd: ROOT,
    env: { ...process.env, STAMPEDE_DATA: here },
  });
  await once(config, 'exit');
  await Promise.all([one.stop(), two.stop()]);
  const again = await startStack({ dataDir: here });
  onTestFinished(async () => {
    await again.stop();
  });
  const customer = await logIn(again, again.customer);
  expect((await customer.buy([{ sku: 'tee-black', quantity: 6 }])).status).toBe(400);
});

test('a second stack on the same data is refused, and does the first no harm', async () => {
  const dataDir = await folder();
  const stack = await startStack({ dataDir });
  onTestFinished(async () => {
    await stack.stop();
  });
  await expect(startStack({ dataDir })).rejects.toThrow(/already runs/);
  await buyOne(stack);
});
