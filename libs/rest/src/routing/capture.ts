import type { Variable } from './path-template.ts';

/**
 * The text that a variable captures from the raw segments of a path; undefined where it is not valid percent-encoded UTF-8. A variable of one
 * segment is decoded whole; in one of several segments `%2F` stays as it is, since decoded it would read as a separator.
 */
export function capture(variable: Variable, segments: readonly string[], templateLength: number): string | undefined {
  // Only the last segment of a template (`**`) may stand for more or fewer than one segment.
  const end = variable.multi && variable.end === templateLength ? segments.length : variable.end;
  const raw =
    end - variable.start === 1 ? (segments[variable.start] ?? '') : segments.slice(variable.start, end).join('/');
  if (!raw.includes('%')) return raw;
  try {
    if (!variable.multi) return decodeURIComponent(raw);
    return raw
      .split(/(%2f)/i)
      .map((part, index) => (index % 2 === 1 ? part : decodeURIComponent(part)))
      .join('');
  } catch {
    return undefined;
  }
}
