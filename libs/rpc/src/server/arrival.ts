import type { Metadata } from '../metadata.ts';
import { HEADERS } from '../wire/header-names.ts';

/** A call as a transport brings it. */
export interface Arrival {
  /** What came with it; asked for when somebody wants to know. */
  readonly metadata: Metadata;
  /** The first value of one of the headers, which may be there before all of them are; not for keys that end in `-bin`. */
  text(key: string): string | undefined;
  /** The instance that its caller means, if it says so. */
  readonly meant: string | undefined;
  /** The proof of the calling service, and the user that it claims to call for. */
  readonly proof: string | undefined;
  readonly claim: string | undefined;
  /** Epoch ms; a call without one gets the server's default. */
  readonly deadline: number | undefined;
}

/** A call that carries everything as headers. */
export function arrivalOf(metadata: Metadata, deadline: number | undefined): Arrival {
  return {
    metadata,
    text: (key) => metadata.get(key),
    meant: metadata.get(HEADERS.instance),
    proof: metadata.get(HEADERS.service),
    claim: metadata.get(HEADERS.user),
    deadline,
  };
}
