/** Sorting the tensors of a model into layers, so that each tensor is accounted for exactly once. */
import { t } from '@vscode/l10n';
import type { Adapter, Layer, Operator, Skipped, Tensor } from '../model';
import { leafOf, moduleOf } from './names';
import type { StoredTensor } from './stored-tensor';

/** A weight under the name that it would have if it were stored as it is: the stored tensor, or one that follows. */
export interface Weight {
  /** `conv1.weight`, also where the file has `conv1.weight_g` and `conv1.weight_v`. */
  readonly name: string;
  /** What the layer computes with. */
  readonly tensor: Tensor;
  /** The stored tensor that the row of the layer shows. */
  readonly stored: StoredTensor;
  /** All stored tensors that the weight is made of. */
  readonly parts: readonly StoredTensor[];
  /** It is computed from the stored tensors, with rounding. */
  readonly rounded?: boolean;
  readonly notes: readonly string[];
}

/** A layer before it has its final name. */
export interface LayerDraft {
  readonly name: string;
  readonly op: string;
  readonly parameters: number;
  readonly operator: Operator;
  readonly rounded?: boolean;
  readonly adapter?: Adapter;
  readonly notes: readonly string[];
}

/** Reason of what the user left out. */
export const leftOut = t('left out by the side file');

export function plainWeight(stored: StoredTensor): Weight {
  return { name: stored.name, tensor: stored, stored, parts: [stored], notes: [] };
}

export class Catalog {
  /** Tensors that are in no layer and not skipped yet, by name, in the order of the file. */
  readonly #free: Map<string, StoredTensor>;
  readonly #order: ReadonlyMap<StoredTensor, number>;
  readonly #layers: { draft: LayerDraft; stored: StoredTensor }[] = [];
  readonly #skipped: { entry: Skipped; stored: StoredTensor }[] = [];
  /** Modules of which some tensor is in a layer. */
  readonly #modules = new Set<string>();

  constructor(tensors: readonly StoredTensor[]) {
    this.#free = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#order = new Map(tensors.map((tensor, index) => [tensor, index]));
  }

  /** A tensor that has not been taken. */
  find(name: string): StoredTensor | undefined {
    return this.#free.get(name);
  }

  /** All tensors that have not been taken, in the order of the file. */
  free(): StoredTensor[] {
    return [...this.#free.values()];
  }

  /** Takes tensors that will be handed in with a layer, or skipped, later. */
  take(...tensors: readonly StoredTensor[]): void {
    for (const tensor of tensors) {
      if (this.#free.get(tensor.name) === tensor) this.#free.delete(tensor.name);
    }
  }

  addLayers(weight: Weight, ...drafts: readonly LayerDraft[]): void {
    this.take(...weight.parts);
    for (const name of [weight.name, ...weight.parts.map((part) => part.name)])
      this.#modules.add(moduleOf(name));
    for (const draft of drafts) {
      const rounded = weight.rounded === true || draft.rounded === true;
      this.#layers.push({ draft: rounded ? { ...draft, rounded } : draft, stored: weight.stored });
    }
  }

  /** @param reason one clause without a final stop. */
  skip(stored: StoredTensor, reason: string): void {
    const { name } = stored;
    this.take(stored);
    this.#skipped.push({ entry: { name, op: 'Tensor', weight: name, reason }, stored });
  }

  /** Whether the tensor adds to what a layer computes. */
  isBiasOfLayer(tensor: StoredTensor): boolean {
    return /^bias|_bias$/.test(leafOf(tensor.name)) && this.#modules.has(moduleOf(tensor.name));
  }

  /** Everything in the order of the file; names of layers unique. */
  finish(): { layers: Layer[]; skipped: Skipped[] } {
    const place = ({ stored }: { stored: StoredTensor }) => this.#order.get(stored) ?? this.#order.size;
    const byOrder = (a: { stored: StoredTensor }, b: { stored: StoredTensor }) => place(a) - place(b);
    const taken = new Set<string>();
    return {
      layers: this.#layers.sort(byOrder).map(({ draft, stored }) => ({
        ...draft,
        name: uniqueName(draft.name, taken),
        weight: stored.name,
        shape: stored.shape,
        dtype: stored.dtype,
      })),
      skipped: this.#skipped.sort(byOrder).map(({ entry }) => entry),
    };
  }
}

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique); n++) unique = `${name} (${n})`;
  taken.add(unique);
  return unique;
}
