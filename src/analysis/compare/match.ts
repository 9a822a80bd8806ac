/** Which layers of two models are one layer: by their names, by what is left of them without prefixes, by position. */
import type { MatchedBy } from '../../report/comparison/comparison';
import { naturalOrder } from '../../report/natural-order';
import { isMachineMade, pathOf, roleOf, templateOf } from './names';

/** A layer as far as its counterpart depends on it. */
export interface Candidate {
  readonly name: string;
  readonly op: string;
  readonly weight: string;
  /** Equal for layers of which the weights can be subtracted; the only ones that are matched. */
  readonly signature: string;
  /** Equal for layers of one model that compute the same with the same weight: they share their counterpart. */
  readonly identity: string;
}

export interface Side {
  readonly format: 'onnx' | 'safetensors';
  /** In the order of the file. */
  readonly layers: readonly Candidate[];
}

export interface Match {
  /** Indices into the layers of the two sides. */
  readonly a: number;
  readonly b: number;
  readonly by: MatchedBy;
}

/** Layers between two places where the work may pause. */
export const STRIDE = 256;
/** Renamings that are tried, the most frequent first. */
const MOST_RENAMINGS = 16;

/** The matches in the order of A. Every layer is in at most one, but where one side uses a weight more often. */
export function matchLayers(a: Side, b: Side): Match[] {
  return finish(matchingSteps(a, b));
}

/** The same in steps that take a moment each. */
export function* matchingSteps(a: Side, b: Side): Generator<undefined, Match[]> {
  const matching = new Matching(a, b, yield* entriesOf(a), yield* entriesOf(b));
  // The weight's name comes before that of the node: exporters number nodes, and files are renamed as a whole.
  yield* matching.pairEqual('name', ({ weight, name, role, op }) =>
    isMachineMade(weight) && isMachineMade(name) ? null : `${weight}\n${name}\n${role}\n${op}`,
  );
  yield* matching.pairEqual('name', ({ weight, role, op }) =>
    isMachineMade(weight) ? null : `${weight}\n${role}\n${op}`,
  );
  yield* matching.pairEqual('name', ({ weight, role }) =>
    isMachineMade(weight) ? null : `${weight}\n${role}`,
  );
  yield* matching.pairEqual('name', ({ name }) => (isMachineMade(name) ? null : name));
  yield* matching.pairByPrefix();
  yield* matching.pairByPosition();
  yield;
  return matching.matches();
}

/** What a generator that pauses answers in the end. */
export function finish<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** A layer with all of its uses. */
interface Entry extends Candidate {
  /** Indices into the layers of its side. */
  readonly uses: number[];
  /** Which matrix of a node of several it is; '' of others. */
  readonly role: string;
  /** The parts of its dotted name; null where it has none that people gave. */
  readonly path: readonly string[] | null;
}

class Matching {
  private readonly counterparts = new Map<Entry, { readonly entry: Entry; readonly by: MatchedBy }>();
  private readonly taken = new Set<Entry>();

  constructor(
    private readonly sideA: Side,
    private readonly sideB: Side,
    private readonly a: readonly Entry[],
    private readonly b: readonly Entry[],
  ) {}

  /** Pairs, in order, what has the same key on both sides, where it is as many on both; null: no key. */
  *pairEqual(
    by: MatchedBy,
    keyInA: (entry: Entry) => string | null,
    keyInB: (entry: Entry) => string | null = keyInA,
  ): Generator<undefined, void> {
    const inB = yield* grouped(this.freeOf(this.b), keyInB);
    let count = 0;
    for (const [key, group] of yield* grouped(this.freeOf(this.a), keyInA)) {
      if (++count % STRIDE === 0) yield;
      const others = inB.get(key);
      if (others?.length === group.length) group.forEach((entry, i) => this.pair(entry, others[i], by));
    }
  }

  *pairByPrefix(): Generator<undefined, void> {
    const pathKey = (prefix: string) => (entry: Entry) => {
      const rest = withoutPrefix(entry.path?.join('.') ?? null, prefix);
      return rest === null ? null : `${rest}\n${entry.role}`;
    };
    yield* this.pairEqual('prefix', pathKey(''));
    for (const [from, to] of yield* renamings(this.freeOf(this.a), this.freeOf(this.b))) {
      yield* this.pairEqual('prefix', pathKey(from), pathKey(to));
    }
  }

  /**
   * Layers of one kind and shape between the same neighbours, where both sides have as many and their order is that of
   * the network; then those that are the only ones of their kind and shape.
   */
  *pairByPosition(): Generator<undefined, void> {
    const kind = (entry: Entry) => `${entry.op === 'Gather' || entry.op === 'Embedding'}\n${entry.role}`;
    const segments = this.segments();
    const alike = (entry: Entry) => {
      const segment = segments.get(entry);
      return segment === undefined ? null : `${segment}\n${kind(entry)}\n${entry.signature}`;
    };
    const inB = yield* grouped(this.freeOf(this.b), alike);
    for (const [key, group] of yield* grouped(this.freeOf(this.a), alike)) {
      const others = inB.get(key);
      if (others?.length !== group.length) continue;
      const ordered = [inOrder(group, this.sideA.format), inOrder(others, this.sideB.format)];
      ordered[0]?.forEach((entry, i) => {
        if (ordered[1]) this.pair(entry, ordered[1][i], 'position');
      });
    }
    const inB2 = yield* grouped(this.freeOf(this.b), kind);
    for (const [key, [only, ...more]] of yield* grouped(this.freeOf(this.a), kind)) {
      const others = inB2.get(key);
      if (more.length === 0 && others?.length === 1) this.pair(only, others[0], 'position');
    }
  }

  matches(): Match[] {
    const all: Match[] = [];
    for (const [entry, { entry: other, by }] of this.counterparts) {
      for (let use = 0; use < Math.max(entry.uses.length, other.uses.length); use++) {
        const a = entry.uses[Math.min(use, entry.uses.length - 1)];
        const b = other.uses[Math.min(use, other.uses.length - 1)];
        all.push({ a, b, by });
      }
    }
    return all.sort((x, y) => x.a - y.a || x.b - y.b);
  }

  /**
   * Of two files whose nodes are in order: how many matched layers are before an entry, that being the same on both sides
   * for counterparts. Nothing where the order of the matched ones differs. Other files have no order: all is one segment.
   */
  private segments(): Map<Entry, number> {
    const ordered = this.sideA.format === 'onnx' && this.sideB.format === 'onnx';
    const segments = new Map<Entry, number>();
    const places = new Map(this.b.map((entry, index) => [entry, index]));
    let [before, last] = [0, -1];
    for (const entry of this.a) {
      const place = places.get(this.counterparts.get(entry)?.entry ?? entry);
      if (place === undefined) segments.set(entry, ordered ? before : 0);
      else if (place < last && ordered) return new Map();
      else [before, last] = [before + 1, place];
    }
    before = 0;
    for (const entry of this.b) {
      if (this.taken.has(entry)) before++;
      else segments.set(entry, ordered ? before : 0);
    }
    return segments;
  }

  private pair(a: Entry, b: Entry, by: MatchedBy): void {
    this.counterparts.set(a, { entry: b, by });
    this.taken.add(a);
    this.taken.add(b);
  }

  private freeOf(side: readonly Entry[]): Entry[] {
    return side.filter((entry) => !this.taken.has(entry));
  }
}

function* entriesOf({ layers }: Side): Generator<undefined, Entry[]> {
  const entries = new Map<string, Entry>();
  for (const [index, layer] of layers.entries()) {
    if (index % STRIDE === 0) yield;
    const known = entries.get(layer.identity);
    if (known) known.uses.push(index);
    else entries.set(layer.identity, { ...layer, uses: [index], role: roleOf(layer), path: pathOf(layer) });
  }
  return [...entries.values()];
}

/** Entries by key and signature. */
function* grouped(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string | null,
): Generator<undefined, Map<string, Entry[]>> {
  const groups = new Map<string, Entry[]>();
  for (const [index, entry] of entries.entries()) {
    if (index % STRIDE === 0) yield;
    const own = keyOf(entry);
    if (own === null) continue;
    const key = `${own}\n${entry.signature}`;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return groups;
}

/** The rest of a dotted name; null where it does not begin with the prefix, or is nothing else. */
function withoutPrefix(name: string | null, prefix: string): string | null {
  if (name === null || prefix === '') return name;
  return name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : null;
}

/**
 * Prefixes of A with what stands in their place in B, the most frequent first: of each layer those that leave the longest
 * common end with a layer of B, and leave it with one only. Two prefixes of which none is empty must be seen twice, and
 * the end must be more than the last part, which is `weight` nearly everywhere.
 */
function* renamings(
  a: readonly Entry[],
  b: readonly Entry[],
): Generator<undefined, (readonly [from: string, to: string])[]> {
  const byEnd = new Map<string, Entry | null>();
  for (const [index, entry] of b.entries()) {
    if (index % STRIDE === 0) yield;
    for (const end of endsOf(entry)) byEnd.set(end, byEnd.has(end) ? null : entry);
  }
  const votes = new Map<string, { from: string; to: string; count: number }>();
  for (const [index, entry] of a.entries()) {
    if (index % STRIDE === 0) yield;
    const path = entry.path ?? [];
    const ends = endsOf(entry);
    const longest = ends.findIndex((end) => byEnd.has(end));
    const other = byEnd.get(ends[longest] ?? '')?.path;
    if (!other) continue;
    const length = path.length - longest;
    const from = path.slice(0, longest).join('.');
    const to = other.slice(0, other.length - length).join('.');
    if (length < 2 && from !== '' && to !== '') continue;
    const vote = votes.get(`${from}\n${to}`) ?? { from, to, count: 0 };
    votes.set(`${from}\n${to}`, { ...vote, count: vote.count + 1 });
  }
  return [...votes.values()]
    .filter(({ from, to, count }) => from === '' || to === '' || count > 1)
    .sort((x, y) => y.count - x.count)
    .slice(0, MOST_RENAMINGS)
    .map(({ from, to }) => [from, to]);
}

/** What the path of an entry ends with, the longest first. */
function endsOf({ path, role, signature }: Entry): string[] {
  return (path ?? []).map((_, begin) => `${path?.slice(begin).join('.')}\n${role}\n${signature}`);
}

/**
 * Entries in the order in which the network computes them; null where the file does not tell: tensors are sorted by name,
 * which is that order only where names differ in nothing but numbers.
 */
function inOrder(entries: readonly Entry[], format: Side['format']): readonly Entry[] | null {
  if (entries.length === 1 || format === 'onnx') return entries;
  const templates = new Set(entries.map(({ weight }) => templateOf(weight)));
  return templates.size > 1 ? null : entries.toSorted((x, y) => naturalOrder(x.weight, y.weight));
}
