import { createServer } from '../server/create-server.ts';
import type { ServerLimits } from '../server/limits.ts';
import { silentLogger } from '@stampede/telemetry';
import { EchoServiceDefinition } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { echoHandlers } from './echo-handlers.ts';

/** An echo server as a process of its own, to be killed or besieged. Tells its parent its address; ends with it. */
const [instance = 'echo', limits = '{}'] = process.argv.slice(2);
const server = createServer({
  service: 'echo',
  instance,
  log: silentLogger(),
  limits: JSON.parse(limits) as Partial<ServerLimits>,
}).add(EchoServiceDefinition, echoHandlers);
process.send?.(await server.listen());
process.on('disconnect', () => process.exit());
