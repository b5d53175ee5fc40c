import { expect, test } from 'vitest';
import { runChaos } from './chaos/run-chaos.ts';

const instances = { user: 2, inventory: 2, payment: 2, order: 2, gateway: 2 };
/** Who asks for a length gets another history each day. */
const minutes = Number(process.env['STAMPEDE_CHAOS_MINUTES'] ?? 0.5);
const seed =
  process.env['STAMPEDE_CHAOS_MINUTES'] === undefined
    ? 616 // has nearly every kind in half a minute, and everything killed in its middle
    : Number(new Date().toISOString().slice(0, 10).replaceAll('-', ''));

test(
  `the shop keeps its word through ${minutes} minutes of chaos, seed ${seed}`,
  { timeout: minutes * 60_000 + 420_000 },
  async () => {
    const { faults, audit, placed } = await runChaos({
      seed,
      minutes,
      instances,
      say: (line) => void process.stdout.write(`${line}\n`),
    });
    expect(faults).toEqual([]);
    expect(audit).toMatchObject({ clean: true, moving: 0 });
    expect(placed).toBeGreaterThan(50);
  },
);
