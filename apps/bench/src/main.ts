import { benches } from './benches/index.ts';
import { chart } from './chart/chart.ts';
import { readArguments, usage, type Command } from './cli/arguments.ts';
import { UsageError } from './cli/usage-error.ts';
import { describeMachine, machineText } from './measure/machine.ts';

const EXIT = { ok: 0, broken: 1, usage: 2, interrupted: 130 };
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}

try {
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'chart') await print(chart(rest));
  else {
    const command = readArguments(process.argv.slice(2), benches);
    if (command === undefined) await print(usage(benches));
    else process.exitCode = await run(command);
  }
} catch (error) {
  if (error instanceof UsageError) say(`${error.message}\n\n${usage(benches)}`);
  else if (!interrupted.signal.aborted) say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.broken;
}
// Whatever a bench left open, it is over.
process.exit(interrupted.signal.aborted ? EXIT.interrupted : process.exitCode);

async function run({ bench, json, ...asked }: Command): Promise<number> {
  const { signal } = interrupted;
  const machine = describeMachine();
  say(machineText(machine));
  await using scope = new AsyncDisposableStack();
  const report = await bench.run({ ...asked, say, signal, scope });
  if (report.broken !== undefined) say(`no figures: ${report.broken}`);
  const whole = { bench: bench.name, ...report.figures, ...asked, machine };
  await print(json ? `${JSON.stringify(whole)}\n` : `${report.text}\n`);
  return report.broken === undefined ? EXIT.ok : EXIT.broken;
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
