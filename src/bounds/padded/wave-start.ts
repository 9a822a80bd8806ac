import { type KernelShape, product, unravel } from '../kernel';
import { gaussianVector } from '../random';
import type { Frequency } from '../symbols/symbol';
import type { Axis } from './padding';

const SEED = 5;
/** Length of what is added in all directions, beside the wave: it is the border that attains some norms. */
const NOISE = 0.1;

/**
 * What Lanczos iteration with a padded operator begins with: in every group the wave of a frequency where its symbol is high, which
 * fades towards the border, with random amplitudes. On a large map the largest singular vectors are of that kind, and from a
 * random start hundreds of steps could be needed to find them among those that are nearly as large.
 *
 * @param frequencies of the symbols after polyphase, one for each group, undefined where none is known
 * @returns (groups, channels, positions)
 */
export function waveStart(
  { groups, inChannelsPerGroup, strides }: KernelShape,
  axes: readonly Axis[],
  frequencies: readonly (Frequency | undefined)[],
): Float64Array {
  const sizes = axes.map(({ inputSize }) => inputSize);
  const inputs = product(sizes);
  const phases = product(strides);
  const start = gaussianVector(groups * inChannelsPerGroup * inputs, SEED);
  if (frequencies.every((frequency) => frequency === undefined)) return start;
  const amplitudes = gaussianVector(2 * groups * inChannelsPerGroup * phases, SEED + 1);
  for (let position = 0; position < inputs; position++) {
    const place = unravel(position, sizes);
    const padded = place.map((x, axis) => x + Math.max(0, axes[axis].begin));
    const block = padded.map((x, axis) => Math.floor(x / strides[axis]));
    const phase = padded.reduce((index, x, axis) => index * strides[axis] + (x % strides[axis]), 0);
    const window = product(place.map((x, axis) => Math.sin((Math.PI * (x + 1)) / (sizes[axis] + 1))));
    for (let g = 0; g < groups; g++) {
      const angle = frequencies[g]?.reduce((sum, w, axis) => sum + w * block[axis], 0);
      if (angle === undefined) continue;
      const [cosine, sine] = [window * Math.cos(angle), window * Math.sin(angle)];
      for (let c = g * inChannelsPerGroup; c < (g + 1) * inChannelsPerGroup; c++) {
        const k = 2 * (c * phases + phase);
        const i = c * inputs + position;
        start[i] = NOISE * start[i] + amplitudes[k] * cosine + amplitudes[k + 1] * sine;
      }
    }
  }
  return start;
}
