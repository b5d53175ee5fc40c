import { createServer } from '../server/create-server.ts';
import { silentLogger } from '@stampede/telemetry';
import { EchoServiceDefinition } from '../../test-proto/gen/stampede/test/v1/echo.ts';
import { echoHandlers } from './echo-handlers.ts';

/** An echo server as a process of its own, to be killed. Tells its parent its address; ends with it. */
const instance = process.argv[2] ?? 'echo';
const server = createServer({ service: 'echo', instance, log: silentLogger() }).add(
  EchoServiceDefinition,
  echoHandlers,
);
process.send?.(await server.listen());
process.on('disconnect', () => process.exit());
