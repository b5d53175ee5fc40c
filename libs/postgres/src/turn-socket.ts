import { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/** A socket on which all that is written in one turn leaves in one go: statements that do not wait for each other cost one system call. */
export class TurnSocket extends Socket {
  #held = false;

  override write(data: string | Uint8Array, written?: Written): boolean;
  override write(data: string | Uint8Array, encoding?: BufferEncoding, written?: Written): boolean;
  override write(data: string | Uint8Array, encoding?: BufferEncoding | Written, written?: Written): boolean {
    if (!this.#held) {
      this.#held = true;
      this.cork();
      process.nextTick(() => {
        this.#held = false;
        this.uncork();
      });
    }
    return typeof encoding === 'function' ? super.write(data, encoding) : super.write(data, encoding, written);
  }
}
