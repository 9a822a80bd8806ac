/** Weights that a file stores as several parameters, as PyTorch's `nn.utils` name and combine them. */
import { t } from '@vscode/l10n';
import type { Catalog, Weight } from './catalog';
import { masked, spectralNormalized, weightNormalized } from './effective-weight';
import { joinName, leafOf } from './names';
import type { StoredTensor } from './stored-tensor';

/** Roles of the parameters of one weight: `g` and `v`, or `original`, `0._u` and `0._v`, ... */
type Roles = ReadonlyMap<string, StoredTensor>;

/**
 * Takes the parameters of reparametrised weights; answers the weights that follow from them. Parameters that do not
 * say how the weight follows are skipped: none is ever taken for the weight itself.
 */
export function takeReparametrized(catalog: Catalog): Weight[] {
  const weights: Weight[] = [];
  for (const [name, roles] of parametersIn(catalog)) {
    const parts = [...roles.values()];
    const weight = parts.every(({ obstacle }) => obstacle === null) ? effectiveWeight(roles) : null;
    if (weight !== null) {
      weights.push({ name, parts, ...weight });
      catalog.take(...parts);
    } else {
      for (const part of parts) {
        catalog.skip(
          part,
          t('a parameter of a reparametrised weight: how the weight follows from it is not known'),
        );
      }
    }
  }
  return weights;
}

/** Parameters by the name that their weight would have. */
function parametersIn(catalog: Catalog): Map<string, Roles> {
  const found = new Map<string, Map<string, StoredTensor>>();
  for (const tensor of catalog.free()) {
    const place = modernPlace(tensor.name) ?? hookPlace(tensor.name);
    if (place === null) continue;
    const roles = found.get(place.weight) ?? new Map<string, StoredTensor>();
    found.set(place.weight, roles.set(place.role, tensor));
  }
  return found;
}

/** `torch.nn.utils.parametrize`: `conv.parametrizations.weight.original0` is role `original0` of `conv.weight`. */
function modernPlace(name: string): { weight: string; role: string } | null {
  const parts = name.split('.');
  const at = parts.lastIndexOf('parametrizations');
  if (at < 0 || at + 2 >= parts.length) return null;
  return {
    weight: joinName(parts.slice(0, at).join('.'), parts[at + 1]),
    role: parts.slice(at + 2).join('.'),
  };
}

/** The older hooks, and pruning: `conv.weight_g` is role `g` of `conv.weight`. */
function hookPlace(name: string): { weight: string; role: string } | null {
  const match = /^(weight|weight_[ih]h_l\d+(?:_reverse)?|in_proj_weight)_(g|v|u|orig|mask)$/.exec(
    leafOf(name),
  );
  if (match === null) return null;
  return { weight: name.slice(0, name.length - match[2].length - 1), role: match[2] };
}

/** Null where the parameters are not a known set, or their shapes do not fit together. */
function effectiveWeight(roles: Roles): Omit<Weight, 'name' | 'parts'> | null {
  const having = (...names: readonly string[]): readonly StoredTensor[] | null => {
    const parts = names.map((name) => roles.get(name)).filter((part) => part !== undefined);
    return parts.length === names.length && parts.length === roles.size ? parts : null;
  };
  const weightNorm = having('g', 'v') ?? having('original0', 'original1');
  if (weightNorm !== null) {
    const [g, v] = weightNorm;
    const tensor = weightNormalized(g, v);
    const notes = [
      t(
        'Weight normalisation: the weight g v / ||v|| is computed in double precision, of which the rounding is not in the interval.',
      ),
    ];
    return tensor === null ? null : { tensor, stored: v, rounded: true, notes };
  }
  const spectralNorm = having('orig', 'u', 'v') ?? having('original', '0._u', '0._v');
  if (spectralNorm !== null) {
    const [original, u, v] = spectralNorm;
    const tensor = spectralNormalized(original, u, v);
    const notes = [
      t(
        'Spectral normalisation as in evaluation: the weight W / (u^T W v) is computed in double precision, of which the rounding is not in the interval.',
      ),
    ];
    return tensor === null ? null : { tensor, stored: original, rounded: true, notes };
  }
  const pruned = having('orig', 'mask');
  if (pruned !== null) {
    const [original, mask] = pruned;
    const tensor = masked(original, mask);
    return tensor === null
      ? null
      : { tensor, stored: original, notes: [t('Pruned: the weight is multiplied by its mask.')] };
  }
  return null;
}
