/** What a client prefers of our handling (RFC 7240). */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that the client will wait; undefined if it does not say. */
  readonly wait: number | undefined;
}

const NONE: Preferences = { respondAsync: false, wait: undefined };
const WAIT = /^wait *= *"?(\d{1,9})"?$/i;

/** Reads the header `Prefer`; preferences that we do not know, or that make no sense, are ignored, as the standard asks. */
export function preferencesOf(header: string | readonly string[] | undefined): Preferences {
  // Most clients say nothing.
  if (header === undefined) return NONE;
  const list = typeof header === 'string' ? [header] : header;
  let respondAsync = false;
  let wait: number | undefined;
  for (const preference of list.join(',').split(',')) {
    const token = preference.split(';', 1)[0]?.trim() ?? '';
    if (/^respond-async$/i.test(token)) respondAsync = true;
    // Of a preference given twice the first counts.
    wait ??= WAIT.exec(token)?.[1] === undefined ? undefined : Number(WAIT.exec(token)?.[1]);
  }
  return { respondAsync, wait };
}
