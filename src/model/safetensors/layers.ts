/** From the names and shapes of stored tensors to layers: all that a safetensors file says of a network. */
import { t } from '@vscode/l10n';
import type { Layer, OpenOptions, Skipped } from '../model';
import { addAdapters } from './adapters';
import type { Archive } from './archive';
import { addBatchNorms } from './batch-norm';
import { Catalog, plainWeight } from './catalog';
import { takeFloat8 } from './float8';
import { readScaleBlock } from './model-config';
import { takeReparametrized } from './reparametrization';
import type { SideFile } from './side-file';
import type { StoredTensor } from './stored-tensor';
import { layersOfWeight } from './weight-layers';

/**
 * Sorts every tensor into a layer or among the skipped ones.
 * @throws ModelError where a file beside the model is at fault, or a value that the structure depends on.
 */
export async function sortIntoLayers(
  modelPath: string,
  archive: Archive,
  sideFile: SideFile,
  options: OpenOptions,
): Promise<{ layers: Layer[]; skipped: Skipped[] }> {
  const catalog = new Catalog(archive.tensors);
  for (const stray of archive.strays) catalog.skip(stray, t('in a shard, but not in the index'));
  await addAdapters(catalog, modelPath, sideFile, options);
  addBatchNorms(catalog, sideFile);
  const combined = [
    ...(await takeFloat8(catalog, () => readScaleBlock(modelPath))),
    ...takeReparametrized(catalog),
  ];
  for (const tensor of catalog.free()) {
    if (tensor.obstacle !== null) catalog.skip(tensor, tensor.obstacle);
  }

  const weights = [...combined, ...catalog.free().map(plainWeight)];
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const others: { parts: readonly StoredTensor[]; reason: string }[] = [];
  for (const weight of weights) {
    const result = layersOfWeight(weight, byName, sideFile, options);
    if (typeof result === 'string') others.push({ parts: weight.parts, reason: result });
    else catalog.addLayers(weight, ...result);
  }
  for (const { parts, reason } of others) {
    for (const tensor of parts) {
      if (catalog.isBiasOfLayer(tensor)) catalog.take(tensor);
      else catalog.skip(tensor, reason);
    }
  }
  return catalog.finish();
}
