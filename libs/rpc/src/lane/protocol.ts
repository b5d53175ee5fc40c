/** The lane's wire format, version 1. README.md of this folder says all of it; here are its numbers. */
export const VERSION = 1;

/** The gRPC method that carries it: bytes both ways, one message a batch of frames. */
export const LANE_PATH = '/stampede.lane.v1.Lane/Open';

export const FRAME = {
  hello: 1,
  name: 2,
  identity: 3,
  call: 4,
  reply: 5,
  refused: 6,
  more: 7,
  cancel: 8,
  ping: 9,
  pong: 10,
  drain: 11,
  health: 12,
} as const;

/** Flags of CALL and REPLY: what is there beside the payload. */
export const FLAG = { fragmented: 1, user: 2, headers: 4, trailers: 8, status: 16 } as const;

/** Why a lane drains: it has reached its age, or the whole instance is going away. */
export const DRAIN = { age: 0, shutdown: 1 } as const;

/** Bytes of type and length before each frame's body. */
export const FRAME_HEAD = 4;
/** Bytes of one batch at most, and so of one frame. */
export const MAX_BATCH = 64 * 1024;
/** Bytes of a payload that travels within its CALL or REPLY; a longer one follows in fragments. */
export const MAX_INLINE = 16 * 1024;
/** Bytes of one block of metadata. */
export const MAX_BLOCK = 16 * 1024;
/** Names a side may give on one lane, and the bytes of one. */
export const MAX_NAMES = 1_024;
export const MAX_NAME = 1_024;
/** Bytes of a proof, or of the user that a call is made for. */
export const MAX_CLAIM = 8 * 1024;
/** A lane ends long before its ids run out. */
export const MAX_ID = 2 ** 31 - 1;

/** What a peer may not say. It ends the lane that it was said on, and nothing else. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
