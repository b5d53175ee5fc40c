import { AppError } from '@stampede/errors';

export interface AdmissionLimits {
  /** Unary requests at once. */
  readonly requests: number;
  /** Streams at once. */
  readonly streams: number;
}

export interface Admission {
  /** Takes a place of its kind and answers how to give it back, once; throws UNAVAILABLE/OVERLOADED where there is none. */
  enter(kind: keyof AdmissionLimits): () => void;
  readonly inside: Readonly<Record<keyof AdmissionLimits, number>>;
}

/** Bounds what is in hand at once: beyond that a quick 503 serves everybody better than a queue. Streams are counted apart, since they stay. */
export function createAdmission(limits: () => AdmissionLimits): Admission {
  const inside = { requests: 0, streams: 0 };
  return {
    inside,
    enter(kind) {
      if (inside[kind] >= limits()[kind]) {
        throw new AppError('UNAVAILABLE', 'OVERLOADED', `too many ${kind} at once: try again`, {
          metadata: { retry_after_seconds: '1' },
        });
      }
      inside[kind]++;
      let left = false;
      return () => {
        if (!left) inside[kind]--;
        left = true;
      };
    },
  };
}
