/** Normalisations whose statistics are stored: a variance beside the gain. */
import { t } from '@vscode/l10n';
import { leftOut, plainWeight, type Catalog } from './catalog';
import { joinName, leafOf, moduleOf } from './names';
import type { SideFile } from './side-file';
import type { StoredTensor } from './stored-tensor';

/** What PyTorch's and most other libraries use. */
const usualEpsilon = 1e-5;

/**
 * Takes `running_mean` and `running_var`, with `weight` and `bias` where they are: the layer scales each channel by
 * `weight / sqrt(running_var + epsilon)`.
 */
export function addBatchNorms(catalog: Catalog, sideFile: SideFile): void {
  for (const variance of catalog.free()) {
    if (leafOf(variance.name) !== 'running_var') continue;
    const module = moduleOf(variance.name);
    const member = (leaf: string) => catalog.find(joinName(module, leaf));
    const [mean, gain, bias] = ['running_mean', 'weight', 'bias'].map(member);
    const channels = variance.shape[0];
    const fits = (tensor: StoredTensor) =>
      tensor.obstacle === null && tensor.shape.length === 1 && tensor.shape[0] === channels;
    if (mean === undefined) continue;
    const vectors = [variance, mean, gain, bias].filter((tensor) => tensor !== undefined);
    if (!vectors.every(fits)) continue;

    const settings = sideFile.settingsFor(module, ...vectors.map(({ name }) => name));
    const counter = member('num_batches_tracked');
    if (settings.get('op') === 'skip') {
      for (const tensor of vectors) catalog.skip(tensor, leftOut);
      continue;
    }
    const epsilon = settings.get('epsilon');
    catalog.addLayers(
      { ...plainWeight(gain ?? variance), parts: counter === undefined ? vectors : [...vectors, counter] },
      {
        name: module === '' ? (gain ?? variance).name : module,
        op: 'BatchNorm',
        parameters: channels,
        operator: { kind: 'diagonal', gain: gain ?? null, variance, epsilon: epsilon ?? usualEpsilon },
        notes: epsilon === undefined ? [t`Epsilon is not in the file: ${usualEpsilon} is assumed.`] : [],
      },
    );
  }
}
