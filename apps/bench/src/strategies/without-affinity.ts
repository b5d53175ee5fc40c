import { registerHooks } from 'node:module';
import { FILE, withoutKey } from './without-key.ts';

/**
 * What the processes of a shop are started with whose reservations are to be routed by nothing: the key is taken out of the order service's call
 * as its source is loaded. Where that cannot be, the process does not start.
 */
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(FILE)) return loaded;
    return { ...loaded, source: withoutKey(Buffer.from(loaded.source as Uint8Array).toString()) };
  },
});
