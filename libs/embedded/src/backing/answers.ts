import { connect } from 'node:http2';

/** Whether an HTTP/2 server (which every gRPC server is) greets at `url` within a second; an open port alone proves nothing. */
export async function answers(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  try {
    const session = connect(url);
    const timeout = setTimeout(() => resolve(false), 1_000);
    session.once('remoteSettings', () => resolve(true));
    session.once('error', () => resolve(false));
    session.once('close', () => resolve(false));
    const answered = await promise;
    clearTimeout(timeout);
    session.destroy();
    return answered;
  } catch {
    return false; // no URL at all
  }
}
