import type { AppError } from '@stampede/errors';

/** One stream of messages to the other end; gRPC's in life, one in memory in specs. */
export interface Pipe {
  /** Sends a message; `sent` is called once the wire has taken it. */
  send(message: Buffer, sent: () => void): void;
  /** Ends the stream: with the reason if it ends before its time. Nothing is sent after. */
  close(why?: AppError): void;
}
