/** Updates of the weights of other models: LoRA, LoHa and LoKr, each with the magnitudes of a DoRA where it has them. */
import { t } from '@vscode/l10n';
import { quote } from '../quote';
import type { Adapter, OpenOptions } from '../model';
import { reshaped } from '../tensor';
import { readAdapterConfig, type AdapterConfig } from './adapter-config';
import { timesScale } from './adapter-geometry';
import { type AdapterParts, findAdapterParts } from './adapter-parts';
import { updateOf } from './adapter-update';
import { leftOut, type Catalog } from './catalog';
import type { SideFile } from './side-file';
import type { StoredTensor } from './stored-tensor';

/** Parts of a name that only adapters have. */
const adapterPart =
  /(^|[._])(lora|hada|lokr|oft|boft|ia3|vera|randlora|hra|fourierft|gralora|delora)_|(^|[._])lora\.|(^|\.)(dora_scale|diff_b)$/;

/**
 * Makes a layer of every update and skips the rest of the tensors that belong to adapters.
 * @throws ModelError where the files beside the model are at fault.
 */
export async function addAdapters(
  catalog: Catalog,
  modelPath: string,
  sideFile: SideFile,
  options: OpenOptions,
): Promise<void> {
  const found = findAdapterParts(catalog);
  if (found.length > 0) {
    const config = await readAdapterConfig(modelPath);
    for (const parts of found) {
      const obstacle = await addUpdate(parts, catalog, config, sideFile, options);
      if (obstacle === null) continue;
      for (const tensor of parts.tensors.values()) catalog.skip(tensor, obstacle);
    }
  }
  for (const tensor of catalog.free()) {
    if (catalog.isBiasOfLayer(tensor)) catalog.take(tensor);
    else if (/lora_magnitude_vector|dora_scale/.test(tensor.name))
      catalog.skip(tensor, t('the magnitude of a DoRA adapter'));
    else if (adapterPart.test(tensor.name))
      catalog.skip(tensor, t('a part of an adapter of a kind that is not analysed'));
  }
}

/** @returns why the parts are no layer, or null where they have become one. */
async function addUpdate(
  parts: AdapterParts,
  catalog: Catalog,
  config: AdapterConfig | null,
  sideFile: SideFile,
  options: OpenOptions,
): Promise<string | null> {
  const { kind, module, adapter, tensors, embedding } = parts;
  const factors = [...tensors.values()];
  const settings = sideFile.settingsFor(module, ...factors.map(({ name }) => name));
  if (settings.get('op') === 'skip') return leftOut;
  const unusable = factors.find(({ obstacle }) => obstacle !== null);
  if (unusable !== undefined) return unusable.obstacle;
  if (catalog.find(`${module}.lora_E`) !== undefined) return t('an AdaLoRA pair, which is not analysed');
  if (config !== null && config.type !== null && config.type !== kind.toUpperCase()) {
    return t`an adapter of type ${quote(config.type)}, which is not analysed`;
  }
  if (config?.obstacle) return config.obstacle;
  const update = updateOf(parts, settings, options);
  if (typeof update === 'string') return update;
  const { rank, whole, geometryNotes } = update;
  const configured = config?.rankOf(module) ?? rank;
  if (rank !== null && configured !== rank) {
    return t`its rank ${rank} is not the ${String(configured)} of adapter_config.json`;
  }
  const scaling = await scalingOf(parts, configured, catalog, config);
  if (scaling === null) return t('its alpha is not a finite number');
  const found = magnitudeOf(parts, catalog);
  const magnitude = found && fittingMagnitude(found, whole.tensor.shape);
  if (found && magnitude === null) return t('the magnitudes of its DoRA do not fit its shape');

  const first = factorShown(parts);
  const others = [scaling.alpha, found].filter((tensor) => tensor !== null);
  catalog.addLayers(
    { name: `${module}.weight`, tensor: first, stored: first, parts: [...factors, ...others], notes: [] },
    {
      name: adapter === '' || adapter === 'default' ? module : `${module}.${adapter}`,
      op: magnitude !== null && kind === 'LoRA' ? 'DoRA' : kind,
      parameters: factors.reduce((sum, { count }) => sum + count, found?.count ?? 0),
      operator: timesScale(update.operator, scaling.scale ?? 1),
      rounded: update.rounded,
      adapter: {
        kind,
        module,
        rank,
        scale: scaling.scale,
        transposed: embedding || (config?.fanInFanOut ?? false),
        magnitude,
        whole,
        geometryNotes,
      },
      notes: [...geometryNotes, ...update.notes, ...(scaling.scale === null ? [unknownScale] : [])],
    },
  );
  return null;
}

/** The tensor that stands for all of them in the row. */
function factorShown({ tensors }: AdapterParts): StoredTensor {
  const [first] = tensors.values();
  return tensors.get('down') ?? tensors.get('w1_a') ?? tensors.get('w1') ?? first;
}

const unknownScale = t(
  'The scale of the update (alpha / r) cannot be told from the files: the interval is for scale 1.',
);

interface Scaling {
  /** Null where the files do not tell. */
  readonly scale: number | null;
  /** The tensor that gave it. */
  readonly alpha: StoredTensor | null;
}

/**
 * `alpha / r`, alpha from the tensor beside the factors or from the configuration; null where it is no finite number.
 * LyCORIS takes 1 for the product of two factors that are stored whole; PEFT has a rank for them all the same.
 * @param rank of the factors, or as configured.
 */
async function scalingOf(
  { kind, module }: AdapterParts,
  rank: number | null,
  catalog: Catalog,
  config: AdapterConfig | null,
): Promise<Scaling | null> {
  const alpha = catalog.find(`${module}.alpha`);
  if (alpha !== undefined && alpha.count === 1 && alpha.elementType?.type) {
    const [value] = await alpha.read();
    if (!Number.isFinite(value)) return null;
    return { scale: rank === null ? 1 : value / rank, alpha };
  }
  const configured = config?.alphaOf(module) ?? null;
  if (configured === null || rank === null) return { scale: null, alpha: null };
  const divisor = kind === 'LoRA' && config?.rankStabilized === true ? Math.sqrt(rank) : rank;
  return { scale: configured / divisor, alpha: null };
}

/** The tensor of a DoRA's magnitudes; null where the adapter is none. */
function magnitudeOf({ module, adapter }: AdapterParts, catalog: Catalog): StoredTensor | null {
  const names = [
    `${module}.dora_scale`,
    `${module}.lora_magnitude_vector`,
    `${module}.lora_magnitude_vector.weight`,
    `${module}.lora_magnitude_vector.${adapter}.weight`,
  ];
  return names.map((name) => catalog.find(name)).find((tensor) => tensor !== undefined) ?? null;
}

/**
 * The axis of the update that the magnitudes belong to. PEFT has one for each output, of a kernel as (1, co, 1, 1); LyCORIS has
 * them along the axis that their shape says, (co, 1, ..) or (1, ci, ..), ci without the taps that a flattened kernel has in its columns.
 */
function fittingMagnitude(tensor: StoredTensor, shape: readonly number[]): Adapter['magnitude'] {
  const { name, count } = tensor;
  if (tensor.obstacle !== null) return null;
  const [rows, columns] = shape;
  const alongColumns =
    name.endsWith('.dora_scale') && tensor.shape.length > 1 && tensor.shape[0] === 1 && rows > 1;
  if (alongColumns) return columns % count === 0 ? { tensor: reshaped(tensor, [count]), axis: 1 } : null;
  return count === rows ? { tensor: reshaped(tensor, [count]), axis: 0 } : null;
}
