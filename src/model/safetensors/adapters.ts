/** Low-rank updates of other models: `scale * up * down`, stored as pairs. */
import { t } from '@vscode/l10n';
import type { OpenOptions, Operator } from '../model';
import { reshaped } from '../tensor';
import { readAdapterConfig, type AdapterConfig } from './adapter-config';
import { leftOut, type Catalog } from './catalog';
import { convolutionOf, spatialRank } from './convolution';
import { kernelProduct, largestProduct } from './kernel-product';
import { quote } from '../quote';
import type { SideFile } from './side-file';
import type { StoredTensor } from './stored-tensor';

/** One half of a pair, found by its name. */
interface Half {
  /** Index of the pattern that its name has. */
  readonly scheme: number;
  readonly module: string;
  /** Name of the adapter where the file has several for one module. */
  readonly adapter: string;
  readonly side: 'down' | 'up';
  readonly tensor: StoredTensor;
}

interface Pair {
  readonly module: string;
  readonly adapter: string;
  readonly down: StoredTensor;
  readonly up: StoredTensor;
}

/** Names of PEFT; of PEFT's embeddings; of kohya's scripts; of diffusers, new and old. */
const halves: readonly RegExp[] = [
  /^(?<module>.+)\.lora_(?<side>[AB])(?:\.(?<adapter>[^.]+))?\.weight$/,
  /^(?<module>.+)\.lora_embedding_(?<side>[AB])(?:\.(?<adapter>[^.]+))?$/,
  /^(?<module>.+)\.lora_(?<side>down|up)\.weight$/,
  /^(?<module>.+)\.lora\.(?<side>down|up)\.weight$/,
  /^(?<module>.+)_lora\.(?<side>down|up)\.weight$/,
];

/** Parts of a name that only adapters have. */
const adapterPart =
  /(^|[._])(lora|hada|lokr|oft|boft|ia3|vera|randlora|hra|fourierft|gralora|delora)_|(^|[._])lora\.|(^|\.)(dora_scale|diff_b)$/;

/**
 * Makes a layer of every pair and skips the rest of the tensors that belong to adapters.
 * @throws ModelError where the files beside the model are at fault.
 */
export async function addAdapters(
  catalog: Catalog,
  modelPath: string,
  sideFile: SideFile,
  options: OpenOptions,
): Promise<void> {
  const pairs = findPairs(catalog);
  if (pairs.length > 0) {
    const config = await readAdapterConfig(modelPath);
    for (const pair of pairs) {
      const obstacle = await addPair(pair, catalog, config, sideFile, options);
      if (obstacle === null) continue;
      for (const tensor of [pair.down, pair.up]) catalog.skip(tensor, obstacle);
    }
  }
  for (const tensor of catalog.free()) {
    if (catalog.isBiasOfLayer(tensor)) catalog.take(tensor);
    else if (halfOf(tensor) !== null)
      catalog.skip(tensor, t('the other half of the low-rank pair is missing'));
    else if (/lora_magnitude_vector|dora_scale/.test(tensor.name))
      catalog.skip(tensor, t('the magnitude of a DoRA adapter'));
    else if (adapterPart.test(tensor.name))
      catalog.skip(tensor, t('a part of an adapter of a kind that is not analysed'));
  }
}

function halfOf(tensor: StoredTensor): Half | null {
  for (const [scheme, pattern] of halves.entries()) {
    const groups = pattern.exec(tensor.name)?.groups;
    if (groups === undefined) continue;
    const { module, side, adapter = '' } = groups;
    return { scheme, module, adapter, side: side === 'A' || side === 'down' ? 'down' : 'up', tensor };
  }
  return null;
}

/** Pairs in the order of their first halves. */
function findPairs(catalog: Catalog): Pair[] {
  const waiting = new Map<string, Half>();
  const pairs: Pair[] = [];
  for (const tensor of catalog.free()) {
    const half = halfOf(tensor);
    if (half === null) continue;
    const { scheme, module, adapter } = half;
    const key = JSON.stringify([scheme, module, adapter]);
    const other = waiting.get(key);
    if (other === undefined) {
      waiting.set(key, half);
      continue;
    }
    waiting.delete(key);
    const [down, up] = half.side === 'down' ? [half, other] : [other, half];
    pairs.push({ module, adapter, down: down.tensor, up: up.tensor });
  }
  return pairs;
}

/** @returns why the pair is no layer, or null where it has become one. */
async function addPair(
  { module, adapter, down, up }: Pair,
  catalog: Catalog,
  config: AdapterConfig | null,
  sideFile: SideFile,
  options: OpenOptions,
): Promise<string | null> {
  const settings = sideFile.settingsFor(module, down.name, up.name);
  if (settings.get('op') === 'skip') return leftOut;
  const unusable = down.obstacle ?? up.obstacle;
  if (unusable !== null) return unusable;
  if (catalog.find(`${module}.lora_mid.weight`) !== undefined)
    return t('a low-rank pair with a core between its halves');
  if (catalog.find(`${module}.lora_E`) !== undefined) return t('an AdaLoRA pair, which is not analysed');
  if (config !== null && config.type !== null && config.type !== 'LORA') {
    return t`an adapter of type ${quote(config.type)}, which is not analysed`;
  }
  if (config?.obstacle) return config.obstacle;
  const rank = down.shape[0];
  const columns = down.count / rank;
  const rows = up.count / rank;
  if (!isMatrix(up) || up.shape[1] !== rank) return t('the shapes of the low-rank pair do not fit together');
  const configured = config?.rankOf(module) ?? rank;
  if (configured !== rank) return t`its rank ${rank} is not the ${configured} of adapter_config.json`;

  const scaling = await scalingOf(module, rank, catalog, config);
  if (scaling === null) return t('its alpha is not a finite number');
  const { scale, notes } = scaling;
  const magnitude = [
    `${module}.dora_scale`,
    `${module}.lora_magnitude_vector`,
    `${module}.lora_magnitude_vector.weight`,
  ];
  if (adapter !== '') magnitude.push(`${module}.lora_magnitude_vector.${adapter}.weight`);
  if (magnitude.some((name) => catalog.find(name) !== undefined)) {
    notes.push(
      t('The adapter is a DoRA: the interval is for the low-rank update before magnitudes are applied.'),
    );
  }

  let operator: Operator;
  let rounded = false;
  if (isMatrix(down)) {
    const [a, b] = [reshaped(up, [rows, rank]), reshaped(down, [rank, columns])];
    operator = { kind: 'lowRank', up: a, down: b, rows, rank, columns, scale };
  } else {
    if (spatialRank(down.shape) === null) return t('the shapes of the low-rank pair do not fit together');
    if (rows * columns > largestProduct)
      return t('the kernel of the low-rank pair is too large to be multiplied out');
    const convolution = convolutionOf(kernelProduct(up, down, rows), settings, options);
    operator = { ...convolution.operator, scale };
    rounded = true;
    notes.push(
      ...convolution.notes,
      t(
        'The kernel is the product of the pair, computed in double precision, of which the rounding is not in the interval.',
      ),
    );
  }
  const name = adapter === '' || adapter === 'default' ? module : `${module}.${adapter}`;
  const parts = scaling.alpha === null ? [down, up] : [down, up, scaling.alpha];
  catalog.addLayers(
    { name: `${module}.weight`, tensor: down, stored: down, parts, notes: [] },
    { name, op: 'LoRA', parameters: down.count + up.count, operator, rounded, notes },
  );
  return null;
}

/** Whether a tensor is a matrix, or one as a kernel of size 1. */
function isMatrix({ shape }: StoredTensor): boolean {
  return shape.length >= 2 && shape.slice(2).every((dimension) => dimension === 1);
}

interface Scaling {
  readonly scale: number;
  readonly notes: string[];
  /** The tensor that gave it. */
  readonly alpha: StoredTensor | null;
}

/** `alpha / r` from the tensor beside the pair or from the configuration; null where alpha is no finite number. */
async function scalingOf(
  module: string,
  rank: number,
  catalog: Catalog,
  config: AdapterConfig | null,
): Promise<Scaling | null> {
  const alpha = catalog.find(`${module}.alpha`);
  if (alpha !== undefined && alpha.count === 1 && alpha.elementType?.type) {
    const [value] = await alpha.read();
    return Number.isFinite(value) ? { scale: value / rank, notes: [], alpha } : null;
  }
  const configured = config?.alphaOf(module) ?? null;
  if (configured !== null) {
    const divisor = config?.rankStabilized === true ? Math.sqrt(rank) : rank;
    return { scale: configured / divisor, notes: [], alpha: null };
  }
  const note = t(
    'The scale of the update (alpha / r) cannot be told from the files: the interval is for scale 1.',
  );
  return { scale: 1, notes: [note], alpha: null };
}
