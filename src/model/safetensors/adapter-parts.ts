/** The tensors that an update of one module is stored as, found by their names. */
import type { Adapter } from '../model';
import type { Catalog } from './catalog';
import type { StoredTensor } from './stored-tensor';

/** What a tensor is in the formula of the update. */
export type Role = 'down' | 'up' | 'mid' | 'w1' | 'w1_a' | 'w1_b' | 'w2' | 'w2_a' | 'w2_b' | 't1' | 't2';

export interface AdapterParts {
  readonly kind: Adapter['kind'];
  readonly module: string;
  /** Name of the adapter where the file has several for one module, else ''. */
  readonly adapter: string;
  /** The weight is a table of rows that are looked up: PEFT stores the update of its transpose. */
  readonly embedding: boolean;
  readonly tensors: ReadonlyMap<Role, StoredTensor>;
}

interface Scheme {
  readonly kind: Adapter['kind'];
  readonly pattern: RegExp;
  readonly embedding?: true;
}

/** Names of PEFT; of its embeddings; of kohya's scripts and LyCORIS; of diffusers, new and old; LyCORIS and PEFT again. */
const schemes: readonly Scheme[] = [
  { kind: 'LoRA', pattern: /^(?<module>.+)\.lora_(?<role>[AB])(?:\.(?<adapter>[^.]+))?\.weight$/ },
  {
    kind: 'LoRA',
    pattern: /^(?<module>.+)\.lora_embedding_(?<role>[AB])(?:\.(?<adapter>[^.]+))?$/,
    embedding: true,
  },
  { kind: 'LoRA', pattern: /^(?<module>.+)\.lora_(?<role>down|up|mid)\.weight$/ },
  { kind: 'LoRA', pattern: /^(?<module>.+)\.lora\.(?<role>down|up)\.weight$/ },
  { kind: 'LoRA', pattern: /^(?<module>.+)_lora\.(?<role>down|up)\.weight$/ },
  { kind: 'LoRA', pattern: /^(?<module>.+)\.lora_linear_layer\.(?<role>down|up)\.weight$/ },
  { kind: 'LoHa', pattern: /^(?<module>.+)\.hada_(?<role>w[12]_[ab]|t[12])(?:\.(?<adapter>[^.]+))?$/ },
  { kind: 'LoKr', pattern: /^(?<module>.+)\.lokr_(?<role>w[12](?:_[ab])?|t2)(?:\.(?<adapter>[^.]+))?$/ },
];

/** The parts of every update, in the order of their first tensors. Tensors of different naming schemes do not belong together. */
export function findAdapterParts(catalog: Catalog): AdapterParts[] {
  const found = new Map<string, AdapterParts & { readonly tensors: Map<Role, StoredTensor> }>();
  for (const tensor of catalog.free()) {
    for (const [index, { kind, pattern, embedding = false }] of schemes.entries()) {
      const groups = pattern.exec(tensor.name)?.groups;
      if (groups === undefined) continue;
      const { module, role, adapter = '' } = groups;
      const key = JSON.stringify([index, module, adapter]);
      const parts = found.get(key) ?? { kind, module, adapter, embedding, tensors: new Map() };
      parts.tensors.set(roleOf(role), tensor);
      found.set(key, parts);
      break;
    }
  }
  return [...found.values()];
}

function roleOf(name: string): Role {
  return name === 'A' ? 'down' : name === 'B' ? 'up' : (name as Role);
}
