const ORIGIN = /^https?:\/\/[^/?#]*/i;

/** Path (percent-encoded as it came, without `prefix`) and query of a request target, which a proxy may send with its origin. */
export function splitUrl(url: string, prefix: string): { path: string; query: string } {
  const target = url.startsWith('/') ? url : url.replace(ORIGIN, '');
  const hash = target.indexOf('#');
  const whole = hash === -1 ? target : target.slice(0, hash);
  const mark = whole.indexOf('?');
  const path = mark === -1 ? whole : whole.slice(0, mark);
  const query = mark === -1 ? '' : whole.slice(mark + 1);
  return { path: prefix !== '' && path.startsWith(prefix) ? path.slice(prefix.length) || '/' : path || '/', query };
}
