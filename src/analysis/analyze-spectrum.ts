/** The singular values of one layer of a model file, as the worker computes them. */
import { t } from '@vscode/l10n';
import type { Told } from '../bounds/spectra/spectrum';
import { BaseWeights } from '../model/adapter-base';
import type { Model } from '../model/model';
import { openModel } from '../model/open';
import { quote } from '../model/quote';
import type { Settings, SpectrumReport } from '../report/report';
import { placed, requireValid } from './analyze';
import { spectrumOf } from './spectrum';

export interface SpectrumRequest {
  readonly path: string;
  /** The model whose weights the layers are updates of; null: none. */
  readonly base: string | null;
  readonly settings: Settings;
  /** Name of the layer. */
  readonly layer: string;
}

/** @throws ModelError, RangeError where there is no such layer, NoSpectrumError and the errors of the bounds */
export async function analyzeSpectrum(
  { path, base: basePath, settings, layer: name }: SpectrumRequest,
  told: Told,
): Promise<SpectrumReport> {
  requireValid(settings);
  const options = { inputSize: settings.inputSize };
  const model = await openModel(path, options);
  let base: Model | null = null;
  try {
    if (basePath !== null) base = await openModel(basePath, options);
    const layer = model.layers.find((some) => some.name === name);
    if (layer === undefined) throw new RangeError(t`the file has no layer ${quote(name)}`);
    // The base tells the geometry of an update.
    const update = placed(layer, base && new BaseWeights(base.layers));
    return await spectrumOf(update.layer.operator, settings, told);
  } finally {
    await model.close();
    await base?.close();
  }
}
