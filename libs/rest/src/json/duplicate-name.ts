import { spell, type Place } from './reading.ts';
import { MAX_DEPTH } from './value-codec.ts';

const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

/**
 * Where an object in `text` gives a name twice, as in `items[0].sku`; undefined where none does. `text` is valid JSON and `value` what it was
 * parsed to, which has lost such names without a word: so the names in the text are counted, and only where the two numbers differ is the
 * text read again to tell which it is.
 */
export function duplicateName(text: string, value: unknown): string | undefined {
  return namesInText(text) === namesIn(value) ? undefined : find(text);
}

function namesInText(text: string): number {
  let names = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at)) {
    at = endOfString(text, at);
    if (text.charCodeAt(skipSpace(text, at)) === COLON) names += 1;
  }
  return names;
}

/** NaN, which equals no number, for what is nested too deep to be counted by recursion: such a text is read. */
function namesIn(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) return Number.NaN;
  let names = 0;
  if (Array.isArray(value)) {
    for (const element of value) names += namesIn(element, depth + 1);
    return names;
  }
  const keys = Object.keys(value);
  names = keys.length;
  for (const key of keys) names += namesIn((value as Record<string, unknown>)[key], depth + 1);
  return names;
}

/** What is open at a place in the text: an object with the names so far, or a list with the place in it. */
type Open = { readonly names: Set<string>; key: string } | { readonly names: undefined; key: number };

function find(text: string): string | undefined {
  const open: Open[] = [];
  for (let at = 0; at < text.length; at++) {
    const inside = open.at(-1);
    switch (text[at]) {
      case '{':
        open.push({ names: new Set(), key: '' });
        break;
      case '[':
        open.push({ names: undefined, key: 0 });
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        if (inside !== undefined && inside.names === undefined) inside.key += 1;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (inside?.names !== undefined && text.charCodeAt(skipSpace(text, end)) === COLON) {
          inside.key = JSON.parse(text.slice(at, end)) as string;
          if (inside.names.has(inside.key)) return spellOpen(open);
          inside.names.add(inside.key);
        }
        at = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

function spellOpen(open: readonly Open[]): string {
  return spell(open.reduce<Place>((within, { key }) => ({ within, key }), undefined));
}

/** The place after the string that begins with the quote at `start`. */
function endOfString(text: string, start: number): number {
  for (let close = text.indexOf('"', start + 1); ; close = text.indexOf('"', close + 1)) {
    let before = close - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An odd number of backslashes escapes the quote.
    if ((close - before) % 2 === 1) return close + 1;
  }
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}
