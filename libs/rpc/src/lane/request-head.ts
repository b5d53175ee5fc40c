import { AppError } from '@stampede/errors';
import type { OutgoingCall } from '../client/transport.ts';
import { HEADERS } from '../wire/header-names.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LaneClient } from './lane-client.ts';
import { announceBlock, writeBlock, writeEntry } from './metadata-block.ts';
import type { GivenNames } from './names.ts';
import { FRAME, MAX_CLAIM } from './protocol.ts';

/** Bytes of a `traceparent`. */
const TRACEPARENT = 55;
/** Headers that travel otherwise: the proof and the instance once a lane, the user beside the block. */
const APART: ReadonlySet<string> = new Set([HEADERS.service, HEADERS.user, HEADERS.instance]);

/** Says before a call what is new to the lane: names, and the proof of the calling service; answers the name of its method. Throws where there is too much of something. */
export function announceRequest(call: OutgoingCall, lane: LaneClient, writer: FrameWriter, names: GivenNames): number {
  const { path, plain } = call;
  const method = names.idOf(path);
  if (method === 0) throw tooMuch('NAMES_USED_UP', 'too many names on one lane');
  if (plain === undefined) announceBlock(call.headers, names, APART);
  else {
    names.announce(HEADERS.traceparent, '');
    names.announce(HEADERS.requestId, '');
    if (plain.trace.state !== undefined) names.announce(HEADERS.tracestate, plain.trace.state);
  }
  const proof = plain === undefined ? call.headers.get(HEADERS.service) : plain.proof;
  if (proof !== undefined && proof.length > MAX_CLAIM) throw tooMuch('METADATA_TOO_LARGE', 'a proof that is too long');
  if (lane.newProof(proof ?? '')) {
    writer.begin(FRAME.identity);
    writer.text(proof ?? '');
    writer.end();
  }
  return method;
}

/** The user that a call is made for, as it travels. */
export function claimOf(call: OutgoingCall): string | undefined {
  const { plain } = call;
  const claim = plain === undefined ? call.headers.get(HEADERS.user) : plain.claim;
  if (claim !== undefined && claim.length > MAX_CLAIM) throw tooMuch('METADATA_TOO_LARGE', 'a user that is too long');
  return claim;
}

/** The block of a request that was announced. */
export function writeRequestBlock(call: OutgoingCall, writer: FrameWriter, names: GivenNames): void {
  const { plain } = call;
  const traceparent = names.slotOf(HEADERS.traceparent)?.id ?? 0;
  const request = names.slotOf(HEADERS.requestId)?.id ?? 0;
  if (plain === undefined || traceparent === 0 || request === 0) {
    writeBlock(call.headers, writer, names, APART);
    return;
  }
  const { trace, requestId } = plain;
  const block = writer.beginBlock();
  writer.u16(traceparent);
  writer.varint(TRACEPARENT * 2);
  writer.ascii('00-');
  writer.ascii(trace.traceId);
  writer.ascii('-');
  writer.ascii(trace.spanId);
  writer.ascii(trace.sampled ? '-01' : '-00');
  writer.u16(request);
  writer.varint(requestId.length * 2);
  writer.ascii(requestId);
  if (trace.state !== undefined) writeEntry(HEADERS.tracestate, trace.state, writer, names);
  writer.endBlock(block);
}

function tooMuch(reason: string, words: string): AppError {
  return new AppError('RESOURCE_EXHAUSTED', reason, words);
}
