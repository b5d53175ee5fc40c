import { locateBacking } from '@stampede/embedded';
import { systemClock } from '@stampede/lifecycle';
import { createProver } from '@stampede/rpc';
import { dataDirOf } from '../settings.ts';

/** Prints what a service proves itself with, for calls by hand: the header `stampede-service`, good for ten minutes. */
const [service] = process.argv.slice(2);
if (service === undefined) {
  process.stderr.write('usage: npm run -s proof -- <service>     order, gateway, audit …\n');
  process.exit(2);
}
try {
  const env = { ...process.env, STAMPEDE_DATA: dataDirOf(process.env) };
  const { serviceSecret } = await locateBacking({ env, service, needs: ['secret'], timeoutMs: 5_000 });
  process.stdout.write(`${createProver(service, serviceSecret ?? '', systemClock)()}\n`);
} catch (error) {
  process.stderr.write(`proof: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
