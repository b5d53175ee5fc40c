/**
 * Awaited by a fake before a request takes effect and before its answer arrives: whoever runs the simulation decides when that is, or rejects to
 * lose the one or the other.
 */
export type Pace = (moment: 'request' | 'answer', what: string) => Promise<void>;

export const atOnce: Pace = () => Promise.resolve();
