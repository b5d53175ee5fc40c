/**
 * Preloaded into a process (`node --import`): its wall clock is off by STAMPEDE_E2E_CLOCK_MS, and is set to the other side (ahead becomes
 * behind) by SIGUSR2. What only counts on, `performance.now()` and timers, is as ever.
 */
const real = Date;
let shiftMs = Number(process.env['STAMPEDE_E2E_CLOCK_MS'] ?? 0);
const now = () => real.now() + shiftMs;

const shifted: DateConstructor = new Proxy(real, {
  construct: (target, values: unknown[], newTarget) =>
    Reflect.construct(
      target,
      values.length === 0 ? [now()] : values,
      newTarget === shifted ? target : newTarget,
    ) as object,
  apply: () => new real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
});
Object.defineProperty(real.prototype, 'constructor', { value: shifted });
globalThis.Date = shifted;
const { timeOrigin } = performance;
Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin + shiftMs });
process.on('SIGUSR2', () => (shiftMs = -shiftMs));
