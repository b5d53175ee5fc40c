import { randomInt } from 'node:crypto';
import { argumentsOf, USAGE } from './arguments.ts';
import { describe, seconds } from './disturbance.ts';
import { REST_MS, runChaos, type ChaosResult } from './run-chaos.ts';
import { makeSchedule } from './schedule.ts';

const BROKEN_OFF = 130;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
process.stdout.on('error', () => undefined);

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Sockets of clients may linger.
process.exit();

async function main(): Promise<number> {
  const read = argumentsOf(process.argv.slice(2), () => randomInt(2 ** 32));
  if (typeof read === 'string') {
    process.stderr.write(`chaos: ${read}\n\n${USAGE}`);
    return 2;
  }
  if (read.help) {
    say(USAGE);
    return 0;
  }
  const { seed, minutes, instances } = read;
  say(
    `seed ${seed}, ${minutes} minutes, ${Object.entries(instances)
      .map(([app, count]) => `${app}=${count}`)
      .join(',')}`,
  );
  for (const event of makeSchedule(read)) say(`${seconds(event.at).padStart(8)}  ${describe(event)}`);
  if (read.dryRun) return 0;

  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      leaving.abort();
    });
  }
  say('\nThe shop opens …');
  try {
    const result = await runChaos({ seed, minutes, instances, say, signal: leaving.signal });
    report(result);
    if (result.faults.length === 0) return 0;
    say(`The data and the logs are in ${result.dataDir}`);
  } catch (error) {
    if (leaving.signal.aborted) {
      say('broken off');
      return BROKEN_OFF;
    }
    say(`FAULT   ${error instanceof Error ? error.message : String(error)}`);
  }
  say(`Once more: ${read.again}`);
  return 1;
}

function report({ faults, placed, byStatus, rawFailures, longestMs, restMs, audit, memory }: ChaosResult): void {
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const failed = Object.values(rawFailures).reduce((sum, count) => sum + count, 0);
  say(`\norders  ${placed}: ${list(byStatus)}`);
  say(`longest ${seconds(longestMs)} until somebody knew`);
  say(`at rest ${seconds(restMs)} after everything was back (promised: ${seconds(REST_MS)})`);
  say(`memory  ${list(memory)} MiB`);
  say(`failed  ${failed} tries, each repeated:`);
  for (const [what, count] of Object.entries(rawFailures)) say(`${String(count).padStart(7)} ${what}`);
  for (const { name, broken, figures } of audit.findings)
    say(`audit   ${broken === 0 ? 'holds ' : 'BROKEN'} ${name}: ${list(figures)}`);
  for (const fault of faults) say(`FAULT   ${fault}`);
  say(faults.length === 0 ? '\nthe shop kept its word' : `\n${faults.length} faults`);
}
