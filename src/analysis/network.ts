/** The bound of the whole network of one model file, from the rows of its layers. */
import { t } from '@vscode/l10n';
import type { Companions } from '../compute/companions';
import { chooseEngine } from '../compute/devices';
import type { Operator } from '../model/model';
import { isFloat, typeName } from '../model/onnx/types';
import { openModel } from '../model/open';
import { quote } from '../model/quote';
import { assumedShape, boundNetwork } from '../network/bound-network';
import { findSlopes, type Slopes } from '../network/slopes';
import type { LayerReport, NetworkReport, Settings } from '../report/report';
import { encloseOperator, paddingMode } from './operator';

export type { Slopes } from '../network/slopes';

export interface NetworkRequest {
  readonly path: string;
  readonly settings: Settings;
  /** What the rows of all its layers say. */
  readonly rows: readonly Pick<LayerReport, 'name' | 'lipschitz'>[];
}

/**
 * Null where the format does not say how layers are put together.
 * @throws ModelError where the file cannot be analysed, RangeError where its graph is too large to follow
 */
export async function analyzeNetwork(
  { path, settings, rows }: NetworkRequest,
  companions: Companions | null = null,
): Promise<NetworkReport | null> {
  const model = await openModel(path, { inputSize: settings.inputSize });
  try {
    const { computation } = model;
    if (computation === null) return null;
    const { engine } = await chooseEngine(settings.device, companions);
    return await boundNetwork({
      computation,
      bounds: new Map(rows.map(({ name, lipschitz }) => [name, lipschitz])),
      paddingOf: (operator) => paddingMode(operator, settings),
      enclose: async (operator: Operator) => (await encloseOperator(engine, operator, settings)).upper,
    });
  } finally {
    await model.close();
  }
}

export interface SlopesRequest {
  readonly path: string;
  readonly inputSize: Settings['inputSize'];
  /** How long to look for slopes. */
  readonly seconds: number;
}

/** Larger models take too long to load twice, bytes. */
const LARGEST_MODEL = 2 ** 29;

/** Runs the model and looks for large slopes. @throws ModelError where the file cannot be read */
export async function analyzeSlopes({ path, inputSize, seconds }: SlopesRequest): Promise<Slopes> {
  const model = await openModel(path, { inputSize });
  try {
    const { computation, bytes } = model;
    if (computation === null || bytes > LARGEST_MODEL)
      return { slopes: [], reason: t('the model is not run: it is too large') };
    const { program, facts } = computation;
    const inputs = program.inputs.map((value) => ({
      name: value.name,
      type: typeName(value.info?.elementType ?? 0) ?? 'unknown',
      shape: facts.shape(value),
    }));
    if (!inputs.some(({ type }) => isFloat(type)))
      return { slopes: [], reason: t('the model is not run: it has no inputs of floating point') };
    const unknown = inputs.find(({ shape }) => shape === null);
    if (unknown !== undefined)
      return { slopes: [], reason: t`the model is not run: its input ${quote(unknown.name)} has no shape` };
    const shaped = inputs.map(({ shape, ...input }) => ({ ...input, shape: assumedShape(shape ?? []) }));
    return await findSlopes(model.files[0].path, shaped, seconds);
  } finally {
    await model.close();
  }
}
