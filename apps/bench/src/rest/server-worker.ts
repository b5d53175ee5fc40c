import { serveTasks } from '../process/serve-tasks.ts';
import { serveHandWritten } from './hand-written.ts';
import { serveTranscoded } from './transcoded.ts';

export type ServerName = 'stampede-rest' | 'hand-written';

const SERVERS = { 'stampede-rest': serveTranscoded, 'hand-written': serveHandWritten };

/** One of the servers, as a process of its own. */
serveTasks({
  async serve(name: ServerName): Promise<number> {
    const app = await SERVERS[name]();
    return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
  },
});
