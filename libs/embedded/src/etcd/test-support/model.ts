import type { Comparison, Delete, Find, Lookout, Operation, Put, Range, Txn, TxnOp } from './operations.ts';
import type { Entry, Happened, Outcome, Story, Subject } from './subject.ts';

type State = ReadonlyMap<string, Entry>;

class Refusal extends Error {}

const EMPTY_KEY = '3 etcdserver: key is not provided';
const COMPACTED = '11 etcdserver: mvcc: required revision has been compacted';
const FUTURE = '11 etcdserver: mvcc: required revision is a future revision';

/** What etcd's documentation promises, in the plainest way: a copy of everything for every revision. Offset 0 is empty. */
export class Model implements Subject {
  readonly #states: State[] = [new Map()];
  readonly #happened: Happened[] = [];
  readonly #leases = new Map<number, number>();
  readonly #lookout: Lookout;
  #compacted = -1;

  constructor(lookout: Lookout) {
    this.#lookout = lookout;
  }

  run(operation: Operation): Promise<Outcome> {
    try {
      return Promise.resolve(this.#run(operation));
    } catch (error) {
      if (error instanceof Refusal) return Promise.resolve({ error: error.message });
      throw error;
    }
  }

  live(): Promise<Story> {
    return Promise.resolve(this.#happened.map((event) => ({ ...event, previous: undefined })));
  }

  liveLookout(): Promise<Story> {
    return this.#seen(this.live());
  }

  lateLookout(from: number): Promise<Story> {
    return this.#seen(this.late(from));
  }

  async #seen(everything: Promise<Story>): Promise<Story> {
    const { key, end, filters } = this.#lookout;
    if (end !== undefined && end !== '\0' && end <= key) return { refused: 'mvcc: watcher range is empty' };
    const story = await everything;
    if ('compacted' in story || 'refused' in story) return story;
    const kinds = ['put', 'delete'].filter((_, kind) => !filters.includes(kind));
    return story.filter(({ kind, entry }) => kinds.includes(kind) && inside(entry.key, this.#lookout));
  }

  late(from: number): Promise<Story> {
    if (from < this.#compacted) return Promise.resolve({ compacted: this.#compacted });
    const later = this.#happened.filter(({ entry }) => Number(entry.mod) >= from);
    const kept = ({ entry }: Happened) => Number(entry.mod) - 1 >= this.#compacted;
    return Promise.resolve(later.map((event) => (kept(event) ? event : { ...event, previous: undefined })));
  }

  get #revision(): number {
    return this.#states.length - 1;
  }

  get #state(): State {
    return this.#states[this.#revision] ?? new Map<string, Entry>();
  }

  #run(operation: Operation): Outcome {
    switch (operation.op) {
      case 'compact':
        if (operation.revision <= this.#compacted) throw new Refusal(COMPACTED);
        if (operation.revision > this.#revision) throw new Refusal(FUTURE);
        this.#compacted = operation.revision;
        return { revision: this.#revision };
      case 'grant':
        if (this.#leases.has(operation.lease)) throw new Refusal('9 etcdserver: lease already exists');
        this.#leases.set(operation.lease, operation.ttl);
        return { revision: this.#revision, ttl: operation.ttl };
      case 'revoke': {
        if (!this.#leases.delete(operation.lease)) throw new Refusal('5 etcdserver: requested lease not found');
        const draft = new Draft(this.#states, this.#revision);
        for (const key of this.#keysOf(operation.lease)) draft.delete({ key });
        this.#commit(draft);
        return { revision: this.#revision };
      }
      case 'keysOf': {
        const ttl = this.#leases.get(operation.lease);
        return {
          revision: this.#revision,
          ttl: ttl ?? 0,
          keys: ttl === undefined ? [] : this.#keysOf(operation.lease),
        };
      }
      case 'keepAlive':
        return { revision: this.#revision, ttl: this.#leases.get(operation.lease) ?? 0 };
      case 'leases':
        return { leases: [...this.#leases.keys()].sort() };
      case 'txn':
        return this.#txn(operation.txn);
      default: {
        this.#checkForm(operation);
        this.#checkState(operation);
        const draft = new Draft(this.#states, this.#revision);
        const outcome = draft.apply(operation);
        this.#commit(draft);
        return outcome;
      }
    }
  }

  #txn(txn: Txn): Outcome {
    this.#checkForm({ op: 'txn', txn });
    touched(txn.success);
    touched(txn.failure);
    const decided = this.#decide(txn);
    this.#checkDecided(decided);
    const draft = new Draft(this.#states, this.#revision);
    const responses = draft.applyAll(decided);
    this.#commit(draft);
    return { revision: this.#revision, succeeded: decided.succeeded, responses };
  }

  #checkForm(op: TxnOp): void {
    if (op.op === 'txn') {
      if (op.txn.compare.some(({ key }) => key === '')) throw new Refusal(EMPTY_KEY);
      for (const nested of [...op.txn.success, ...op.txn.failure]) this.#checkForm(nested);
      return;
    }
    const { key } = op.op === 'put' ? op.put : op.op === 'find' ? op.find : op.delete;
    if (key === '') throw new Refusal(EMPTY_KEY);
    if (op.op !== 'put') return;
    if (op.put.ignoreValue && op.put.value !== '') throw new Refusal('3 etcdserver: value is provided');
    if (op.put.ignoreLease && op.put.lease !== 0) throw new Refusal('3 etcdserver: lease is provided');
  }

  #checkState(op: TxnOp, inTxn = false): void {
    if (op.op === 'put') {
      const { key, lease, ignoreValue, ignoreLease } = op.put;
      const why = [];
      if (lease !== 0 && !this.#leases.has(lease)) why.push('5 etcdserver: requested lease not found');
      if ((ignoreValue || ignoreLease) && !this.#state.has(key)) why.push('3 etcdserver: key not found');
      const said = inTxn ? why.at(-1) : why[0];
      if (said !== undefined) throw new Refusal(said);
    } else if (op.op === 'find' && op.find.revision !== undefined) {
      if (op.find.revision > this.#revision) throw new Refusal(FUTURE);
      if (op.find.revision < this.#compacted) throw new Refusal(COMPACTED);
    }
  }

  #decide(txn: Txn): Decided {
    const succeeded = txn.compare.every((comparison) => this.#holds(comparison));
    const decide = (op: TxnOp) => ({ op, nested: op.op === 'txn' ? this.#decide(op.txn) : undefined });
    return { succeeded, ops: (succeeded ? txn.success : txn.failure).map(decide) };
  }

  #checkDecided(decided: Decided): void {
    const ops = leaves(decided);
    for (const op of ops) if (op.op === 'put') this.#checkState(op, true);
    for (const op of ops) if (op.op === 'find') this.#checkState(op, true);
  }

  #holds(comparison: Comparison): boolean {
    const found = within(this.#state, comparison);
    if (found.length === 0 && comparison.with.target === 'value') return false;
    return (found.length === 0 ? [undefined] : found).every((entry) => {
      const [ours, theirs] = operands(comparison, entry);
      return [ours === theirs, ours > theirs, ours < theirs, ours !== theirs][comparison.result] === true;
    });
  }

  #keysOf(lease: number): string[] {
    return [...this.#state.values()]
      .filter((entry) => entry.lease === lease)
      .map(({ key }) => key)
      .sort();
  }

  #commit(draft: Draft): void {
    if (draft.happened.length === 0) return;
    this.#states.push(draft.state);
    this.#happened.push(...draft.happened);
  }
}

interface Decided {
  readonly succeeded: boolean;
  readonly ops: readonly { readonly op: TxnOp; readonly nested: Decided | undefined }[];
}

function leaves({ ops }: Decided): TxnOp[] {
  return ops.flatMap(({ op, nested }) => (nested === undefined ? [op] : leaves(nested)));
}

/** The next revision in the making. */
class Draft {
  readonly happened: Happened[] = [];
  readonly state: Map<string, Entry>;
  readonly #states: readonly State[];
  readonly #revision: number;

  constructor(states: readonly State[], revision: number) {
    this.#states = states;
    this.#revision = revision;
    this.state = new Map(states[revision]);
  }

  apply(op: TxnOp): Outcome {
    if (op.op === 'find') return this.find(op.find);
    if (op.op === 'put') return this.put(op.put);
    if (op.op === 'delete') return this.delete(op.delete);
    throw new Error('a transaction is decided first');
  }

  applyAll({ ops }: Decided): Outcome[] {
    return ops.map(({ op, nested }) => {
      if (nested === undefined) return this.apply(op);
      return { revision: 'none', succeeded: nested.succeeded, responses: this.applyAll(nested) };
    });
  }

  find(find: Find): Outcome {
    const state = find.revision === undefined ? this.state : this.#states[find.revision];
    const all = within(state ?? new Map<string, Entry>(), find);
    if (find.countOnly) return { revision: this.#now, kvs: [], more: false, count: all.length };
    const between = (at: number, min: number | undefined, max: number | undefined) =>
      at >= (min ?? -Infinity) && at <= (max ?? Infinity);
    const wanted = all.filter(
      ({ mod, create }) =>
        between(Number(mod), find.minMod, find.maxMod) && between(Number(create), find.minCreate, find.maxCreate),
    );
    const target = (['key', 'version', 'create', 'mod', 'value'] as const)[find.sortTarget] ?? 'key';
    const direction = find.sortOrder === 2 ? -1 : 1;
    wanted.sort((a, b) => (a[target] === b[target] ? 0 : a[target] < b[target] ? -direction : direction));
    const kvs = find.limit > 0 ? wanted.slice(0, find.limit) : wanted;
    const shown = find.keysOnly ? kvs.map((entry) => ({ ...entry, value: '' })) : kvs;
    return { revision: this.#now, kvs: shown, more: kvs.length < wanted.length, count: all.length };
  }

  put({ key, value, lease, prevKv, ignoreValue, ignoreLease }: Put): Outcome {
    const previous = this.state.get(key);
    const entry: Entry = {
      key,
      create: previous?.create ?? this.#revision + 1,
      mod: this.#revision + 1,
      version: (previous?.version ?? 0) + 1,
      value: ignoreValue && previous !== undefined ? previous.value : value,
      lease: ignoreLease && previous !== undefined ? previous.lease : lease,
    };
    this.state.set(key, entry);
    this.happened.push({ kind: 'put', entry, previous: this.#before(entry) });
    return { revision: this.#now, previous: prevKv ? previous : undefined };
  }

  delete({ prevKv, ...range }: Partial<Delete> & Range): Outcome {
    const gone = within(this.state, range);
    for (const { key } of gone) {
      this.state.delete(key);
      const entry: Entry = { key, create: 'none', mod: this.#revision + 1, version: 0, value: '', lease: 0 };
      this.happened.push({ kind: 'delete', entry, previous: this.#before(entry) });
    }
    return { revision: this.#now, deleted: gone.length, previous: prevKv === true ? gone : [] };
  }

  get #now(): number {
    return this.happened.length > 0 ? this.#revision + 1 : this.#revision;
  }

  /** What a watcher is told as previous: the version of the revision before, and none for a key that is created. */
  #before(entry: Entry): Entry | undefined {
    return entry.create === entry.mod ? undefined : this.#states[this.#revision]?.get(entry.key);
  }
}

function inside(name: string, { key, end }: Range): boolean {
  return end === undefined ? name === key : name >= key && (end === '\0' || name < end);
}

function within(state: State, range: Range): Entry[] {
  return [...state.values()].filter((entry) => inside(entry.key, range)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function operands(
  { with: { target, operand } }: Comparison,
  entry: Entry | undefined,
): [number | string, number | string] {
  if (target === 'value') return [entry?.value ?? '', operand];
  if (target === 'version') return [entry?.version ?? 0, operand];
  if (target === 'lease') return [entry?.lease ?? 0, operand];
  // Below every offset.
  const zero = -1_000;
  const ours = target === 'createRevision' ? entry?.create : entry?.mod;
  return [typeof ours === 'number' ? ours : zero, operand === 'zero' ? zero : operand];
}

interface Touched {
  readonly puts: ReadonlySet<string>;
  readonly deletions: readonly Range[];
}

/** Refuses a key that is put twice, or put and deleted, but in branches that exclude each other. */
function touched(ops: readonly TxnOp[]): Touched {
  const deletions = ops.flatMap((op) => (op.op === 'delete' ? [op.delete] : []));
  const puts = new Set<string>();
  const put = (key: string, other?: ReadonlySet<string>) => {
    const twice = puts.has(key) && other?.has(key) !== true;
    // "\0" is compared as it stands: what an open-ended deletion deletes may be put.
    const deleted = deletions.some((range) => range.key <= key && key < (range.end ?? `${range.key}\0`));
    if (twice || deleted) throw new Refusal('3 etcdserver: duplicate key given in txn request');
    puts.add(key);
  };
  for (const op of ops) {
    if (op.op !== 'txn') continue;
    const [success, failure] = [touched(op.txn.success), touched(op.txn.failure)];
    for (const key of success.puts) put(key);
    for (const key of failure.puts) put(key, success.puts);
    deletions.push(...[...success.deletions, ...failure.deletions].map((range) => ({ ...range, prevKv: false })));
  }
  for (const op of ops) if (op.op === 'put') put(op.put.key);
  return { puts, deletions };
}
