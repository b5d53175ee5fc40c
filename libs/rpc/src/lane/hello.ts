import type { FrameReader } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { FRAME, ProtocolError, VERSION } from './protocol.ts';

/** The first frame of each side. The server's answers the client's, with one version for both ends of the range. */
export interface Hello {
  readonly lowest: number;
  readonly highest: number;
  /** Calls that the other side may have unanswered; 0 from a client. */
  readonly credits: number;
  /** Bytes of one payload, at most, that this side reads. */
  readonly maxMessage: number;
  /** Bytes of payloads in fragments that the other side may have under way. */
  readonly window: number;
  /** From a client: whom it means; empty if it does not care. From a server: who it is. */
  readonly service: string;
  readonly instance: string;
}

export function writeHello(hello: Hello, writer: FrameWriter): void {
  writer.begin(FRAME.hello);
  writer.u8(hello.lowest);
  writer.u8(hello.highest);
  writer.u32(hello.credits);
  writer.u32(hello.maxMessage);
  writer.u32(hello.window);
  writer.text(hello.service);
  writer.text(hello.instance);
  writer.end();
}

/** What follows in the frame belongs to later versions. */
export function readHello(reader: FrameReader): Hello {
  return {
    lowest: reader.u8(),
    highest: reader.u8(),
    credits: reader.u32(),
    maxMessage: reader.u32(),
    window: reader.u32(),
    service: reader.text(),
    instance: reader.text(),
  };
}

/** Throws where there is no version that both sides speak. */
export function checkVersion({ lowest, highest }: Hello): void {
  if (lowest > VERSION || highest < VERSION) {
    throw new ProtocolError(`versions ${lowest} to ${highest} of the lane are not spoken here, ${VERSION} is`);
  }
}
