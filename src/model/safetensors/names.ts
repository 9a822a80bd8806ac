/** What the names of tensors mean: conventions of the libraries that write safetensors files. */
import { t } from '@vscode/l10n';

/** The part of a dotted name before its last dot; '' where there is none. */
export function moduleOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0));
}

/** The part of a dotted name after its last dot. */
export function leafOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** `a`, `b` -> `a.b`; '' is no module. */
export function joinName(module: string, leaf: string): string {
  return module === '' ? leaf : `${module}.${leaf}`;
}

/** What the last part of a name says of a tensor that is not called `weight`. */
const leaves: readonly (readonly [RegExp, string])[] = [
  [
    /(^|_)(packed|blocks|absmax|quant_map|codebooks?|centroids)$|^(qweight|qzeros|SCB|g_idx)$|quant_state/,
    t('it belongs to a packed or quantised weight'),
  ],
  [
    /(^|_)(scales?|zeros|zero_points?)(_inv|_\d+)?$|^scale_(weight|input)$/,
    t('a scale or zero point, no weight'),
  ],
  [/(^|_)bias(es)?(_|$)/, t('a bias: added, without effect on the Lipschitz constant')],
  [/(^|_)masks?$|^tri[lu]$/, t('a mask, no weight')],
  [
    /(^|_)(pos|positions?|positional|rel|relative|cos|sin|freqs?|rope|rotary)(_|$)/,
    t('a table of positions or frequencies, no weight'),
  ],
  [/_table$/, t('a table of unknown use')],
  [/(^|_)(tokens?|latents?|queries)$/, t('a learned input, no weight')],
  [
    /^(gamma|beta|alpha|modulation|A_log|D|running_mean|running_var)$|^(lambda|layer_?scale|ls\d*)(_|$)/,
    t('it acts on elements one by one'),
  ],
];

/** Why a tensor that is not called `weight` is none; null where its name does not say so. */
export function reasonInLeaf(name: string): string | null {
  const leaf = leafOf(name);
  return leaves.find(([pattern]) => pattern.test(leaf))?.[1] ?? null;
}

/** Whether a `weight` belongs to a normalisation: `ln_1`, `input_layernorm`, `norm2`, `q_norm`. */
export function isNormalization(name: string): boolean {
  return /norm(\d+d?)?$|^ln(_|\d|$)/i.test(leafOf(moduleOf(name)));
}

/** Whether a matrix is a table of which rows are looked up: from its own name, or from its module's for a `weight`. */
export function isEmbedding(name: string): boolean {
  const leaf = leafOf(name) === 'weight' ? leafOf(moduleOf(name)) : leafOf(name);
  return (
    /^(embed|emb|wte|wpe|embed_tokens|embed_positions|embed_in|shared|relative_attention_bias)$|(^|_)embeddings?$/.test(
      leaf,
    ) &&
    // The linear map that image patches go through.
    !/patch/.test(leaf)
  );
}

/** Whether a tensor of three dimensions holds the matrices of several experts, expert by expert. */
export function holdsExperts(name: string): boolean {
  return moduleOf(name)
    .split('.')
    .some((part) => /(^|_)(experts?|moe)$/.test(part));
}
