import type { FrameReader } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { FRAME, MAX_NAME, MAX_NAMES, ProtocolError } from './protocol.ts';

/** A header as it was last sent. */
export interface Slot {
  /** Of its name; 0 if there was no name left. */
  readonly id: number;
  value: string;
  /** Of its value, which is named once it has come twice in a row; 0 if it is not. */
  valueId: number;
}

/** Values shorter than this are no longer than their names. */
const SHORTEST_NAMED = 4;

/** The names that one side has given on a lane: methods, header names, values that repeat. They count from 1. */
export class GivenNames {
  readonly #writer: FrameWriter;
  readonly #ids = new Map<string, number>();
  readonly #slots = new Map<string, Slot>();

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** The id of a name, 0 if there is none left. Writes NAME where it is new: not to be called within a frame. */
  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    if (this.#ids.size >= MAX_NAMES || Buffer.byteLength(name) > MAX_NAME) return 0;
    const id = this.#ids.size + 1;
    this.#ids.set(name, id);
    this.#writer.begin(FRAME.name);
    this.#writer.u16(id);
    this.#writer.text(name);
    this.#writer.end();
    return id;
  }

  /** A header that is about to be sent. Not to be called within a frame. */
  announce(header: string, value: string): Slot {
    let slot = this.#slots.get(header);
    if (slot === undefined) this.#slots.set(header, (slot = { id: this.idOf(header), value, valueId: 0 }));
    else if (slot.value !== value) {
      slot.value = value;
      slot.valueId = 0;
    } else if (slot.valueId === 0 && value.length >= SHORTEST_NAMED) slot.valueId = this.idOf(value);
    return slot;
  }

  slotOf(header: string): Slot | undefined {
    return this.#slots.get(header);
  }
}

/** The names that the other side has given. */
export class TakenNames {
  readonly #names: string[] = [];

  /** Takes a NAME frame. */
  take(reader: FrameReader): void {
    const id = reader.u16();
    if (id !== this.#names.length + 1 || id > MAX_NAMES) throw new ProtocolError(`name ${id} out of turn`);
    const name = reader.text();
    if (name.length > MAX_NAME) throw new ProtocolError('a name that is too long');
    this.#names.push(name);
  }

  /** Undefined for an id that was not given. */
  get(id: number): string | undefined {
    return this.#names[id - 1];
  }
}
