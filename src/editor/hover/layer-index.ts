/** Finds the rows of one result by the names that code, configurations and index files have for its layers. */
import type { LayerDescription, LayerReport } from '../../report/report';
import { Slices } from '../slices';

/** UTF-16 units of a name that can be found: longer ones are in no code. */
const LONGEST_NAME = 1_000;
/** Parts of a dotted name that can be found by one of its ends; deeper ones are found whole only. */
const MOST_PARTS = 32;
/** Candidates that are shown side by side; more are no help. */
const MOST_CANDIDATES = 3;
/** Places of an attribute that are compared with the class it is in. */
const MOST_PLACES = 2_000;
/** Attributes of a class that are compared. */
const MOST_SIBLINGS = 32;

/** What wraps a whole network and is put in front of all of its names. */
const WRAPPER = /^(?:module|model|_orig_mod|base_model)\./;
/** The last part of a name that means a tensor and not a module: `weight`, `in_proj_weight`, `bias_hh_l0`. */
const PARAMETER =
  /^(?:gamma|beta|kernel|running_mean|running_var|num_batches_tracked)$|(?:^|_)(?:weight|bias)(?:_|$)/;

export interface NameMatch {
  /** More than one where the name is that of a weight which several rows share. */
  readonly rows: readonly LayerReport[];
  /** By the whole name, not by a part that happens to be unique. */
  readonly exact: boolean;
}

export class LayerIndex {
  private readonly exact = new Map<string, LayerReport[]>();
  private readonly paths = new Set<string>();
  /** The end of a module's path, whole parts, to the paths that end so. */
  private readonly ends = new Map<string, string[]>();
  /** The beginning of a module's path to the path that begins so, null where there are several. */
  private readonly beginnings = new Map<string, string | null>();

  private constructor() {}

  static async build(layers: readonly LayerReport[]): Promise<LayerIndex> {
    const index = new LayerIndex();
    const slices = new Slices();
    for (const row of layers) {
      index.add(row);
      if (slices.isOver) await slices.next();
    }
    return index;
  }

  /**
   * The rows that a string names: a layer, a weight, another tensor of the layer's module (`layer1.0.bn1.bias`), or a
   * dotted part of such a name that only one module has.
   */
  find(name: string): NameMatch | null {
    if (name.length > LONGEST_NAME) return null;
    const spellings = [name];
    for (let rest = name; WRAPPER.test(rest);) spellings.push((rest = rest.replace(WRAPPER, '')));
    return this.findWhole(spellings) ?? this.findPart(spellings);
  }

  /**
   * The rows of an attribute of a class (`conv1`, `block.conv1`, `layers.0.weight`) where it can be told which module is
   * meant: among several, those beside which most of the class's attributes are found, at most three.
   */
  findAttribute(path: string, siblings: ReadonlySet<string>): readonly LayerReport[] {
    if (path.length > LONGEST_NAME) return [];
    const module = moduleOf(path);
    const paths = this.ends.get(module) ?? [];
    if (paths.length > MOST_PLACES) return [];
    const attributes = [...siblings].slice(0, MOST_SIBLINGS);
    const scores = paths.map((place) => {
      const parent = place.slice(0, place.length - module.length);
      return attributes.filter((attribute) => this.beginnings.has(parent + attribute)).length;
    });
    const best = Math.max(...scores);
    const candidates = paths.filter((_, index) => scores[index] === best);
    return candidates.length > MOST_CANDIDATES ? [] : this.rowsOf(candidates);
  }

  private findWhole(names: readonly string[]): NameMatch | null {
    for (const name of names) {
      const rows = this.exact.get(name) ?? this.exact.get(moduleOf(name));
      if (rows) return { rows, exact: true };
    }
    return null;
  }

  private findPart(names: readonly string[]): NameMatch | null {
    for (const name of names) {
      const module = moduleOf(name);
      // A part says something where it has a dot and a letter: not `conv1`, not `0.5`.
      if (!name.includes('.') || !/\p{L}/u.test(module)) continue;
      const ends = this.ends.get(module);
      const path = ends ? (ends.length === 1 ? ends[0] : null) : this.beginnings.get(module);
      if (typeof path === 'string') return { rows: this.rowsOf([path]), exact: false };
    }
    return null;
  }

  private rowsOf(paths: readonly string[]): LayerReport[] {
    return [...new Set(paths.flatMap((path) => this.exact.get(path) ?? []))];
  }

  private add(row: LayerReport): void {
    const paths = modulePaths(row);
    for (const name of new Set([row.name, row.weight, ...paths])) {
      if (name === '' || name.length > LONGEST_NAME) continue;
      const rows = this.exact.get(name);
      if (rows) rows.push(row);
      else this.exact.set(name, [row]);
    }
    for (const path of paths) this.addParts(path);
  }

  private addParts(path: string): void {
    if (path === '' || path.length > LONGEST_NAME || this.paths.has(path)) return;
    this.paths.add(path);
    const dots = [...path.matchAll(/\./g)].map((dot) => dot.index);
    if (dots.length >= MOST_PARTS) return;
    for (const start of [0, ...dots.map((dot) => dot + 1)]) {
      const end = path.slice(start);
      const paths = this.ends.get(end);
      if (paths) paths.push(path);
      else this.ends.set(end, [path]);
    }
    for (const end of [...dots, path.length]) {
      const beginning = path.slice(0, end);
      const known = this.beginnings.get(beginning);
      this.beginnings.set(beginning, known === undefined ? path : null);
    }
  }
}

/** The dotted paths that a program would have for the module of a row. */
function modulePaths({ name, op, weight }: LayerDescription): Set<string> {
  const paths = new Set([moduleOf(weight)]);
  // A gate of a recurrent weight is no module of its own.
  if (!name.startsWith(`${weight}/`)) paths.add(name.includes('/') ? scopePath(name, op) : moduleOf(name));
  return paths;
}

/**
 * The module in the name of a node: `/layer1/layer1.0/conv1/Conv` is `layer1.0.conv1`. Exporters put the operator last,
 * and the name of a container both alone and in front of its parts.
 */
function scopePath(name: string, op: string): string {
  const scopes = name.split('/').filter((scope) => scope !== '');
  if (scopes.length > 1 && scopes[scopes.length - 1].startsWith(op)) scopes.pop();
  return scopes.filter((scope, index) => !scopes[index + 1]?.startsWith(`${scope}.`)).join('.');
}

/** A dotted name without its last part where that means a tensor. */
function moduleOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 && PARAMETER.test(name.slice(dot + 1)) ? name.slice(0, dot) : name;
}
