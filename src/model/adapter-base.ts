/** The weights of a base model that updates belong to, found by their names. */
import { t } from '@vscode/l10n';
import type { Adapter, ConvolutionOperator, Layer, MatrixOperator } from './model';
import { quote } from './quote';
import { elementCount } from './tensor';

export interface BaseWeight {
  readonly name: string;
  readonly operator: MatrixOperator | ConvolutionOperator;
  /** It follows from what is stored, with rounding of its own. */
  readonly rounded: boolean;
  /** The update is of the transpose of the matrix. */
  readonly transposed: boolean;
  /** What a reader must know of its norm. */
  readonly notes: readonly string[];
}

/** What the libraries put in front of a module's name: PEFT; kohya's scripts and LyCORIS; diffusers; wrappers of PyTorch. */
const prefixes: readonly RegExp[] = [
  /^base_model\.model\./,
  /^(?:lora|lycoris)_(?:unet|te\d?|transformer|prior_unet)_/,
  /^lycoris_/,
  /^(?:unet|transformer|text_encoder(?:_\d)?|diffusion_model|model\.diffusion_model)\./,
  /^(?:_orig_mod|module)\./,
];
/** Parts in front that a name may have more than the other. */
const mostPartsMore = 3;
/** Different beginnings of the names in one model that are tried; real ones have a handful. */
const mostBeginnings = 256;

export class BaseWeights {
  /** By the name of the module with `_` for its dots, as kohya's scripts write it. */
  readonly #modules = new Map<string, Layer[]>();
  /** What the names begin with, up to `mostPartsMore` parts, `_` at the end. */
  readonly #beginnings = new Set<string>();

  constructor(layers: readonly Layer[]) {
    for (const layer of layers) {
      const key = flat(layer.name);
      const same = this.#modules.get(key);
      if (same === undefined) this.#modules.set(key, [layer]);
      else same.push(layer);
      const parts = layer.name.split('.');
      for (let n = 1; n <= Math.min(mostPartsMore, parts.length - 1); n++) {
        if (this.#beginnings.size < mostBeginnings)
          this.#beginnings.add(`${flat(parts.slice(0, n).join('.'))}_`);
      }
    }
  }

  /** The weight that an update belongs to, or why there is none, as a clause. */
  find(adapter: Adapter): BaseWeight | string {
    const [layer, second] = this.#layersOf(adapter.module);
    if (layer === undefined) return t('the base has no weight of that name');
    if (second !== undefined) {
      return t`both ${quote(layer.name)} and ${quote(second.name)} of the base could be meant`;
    }
    return fitting(layer, adapter) ?? t`the shape of ${quote(layer.weight)} in the base does not fit`;
  }

  /** With exactly the name; else with names that differ only in what they begin with. */
  #layersOf(module: string): readonly Layer[] {
    const name = withoutPrefixes(module);
    for (const candidate of new Set([flat(module), flat(name), flat(name.replace(/to_out$/, 'to_out.0'))])) {
      const found = this.#modules.get(candidate);
      if (found !== undefined) return found;
    }
    const key = flat(name);
    const longer = [...this.#beginnings].flatMap((beginning) => this.#modules.get(beginning + key) ?? []);
    if (longer.length > 0) return longer;
    const parts = name.split('.');
    for (let n = 1; n <= Math.min(mostPartsMore, parts.length - 1); n++) {
      const found = this.#modules.get(flat(parts.slice(n).join('.')));
      if (found !== undefined) return found;
    }
    return [];
  }
}

function withoutPrefixes(module: string): string {
  return prefixes.reduce((name, prefix) => name.replace(prefix, ''), module);
}

/** Without what diffusers' first adapters call the processors of attention: they are no modules with weights. */
function flat(name: string): string {
  return name.replace(/\.processor(?=\.)/, '').replaceAll('.', '_');
}

/** Null where the update is none of this layer's weight. */
function fitting({ weight, operator, rounded = false, notes }: Layer, adapter: Adapter): BaseWeight | null {
  const [rows, ...rest] = adapter.whole.tensor.shape;
  const columns = elementCount(rest);
  if (operator.kind === 'convolution') {
    const { shape } = operator.tensor;
    const fits = !operator.transposed && shape[0] === rows && elementCount(shape.slice(1)) === columns;
    return fits ? { name: weight, operator, rounded, transposed: false, notes } : null;
  }
  if (operator.kind !== 'matrix' || operator.blocks !== 1) return null;
  const upright = operator.rows === rows && operator.columns === columns;
  const transposed = operator.rows === columns && operator.columns === rows;
  if (!upright && !transposed) return null;
  const isTurned = operator.inputSide === undefined ? adapter.transposed : operator.inputSide === 'rows';
  return { name: weight, operator, rounded, transposed: transposed && (!upright || isTurned), notes };
}
