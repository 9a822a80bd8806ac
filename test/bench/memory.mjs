// The memory of one convolution of 512 x 512 x 3 x 3, with everything that runs.
import { analyzeFile } from './command-line.mjs';
import { megabytes, table, widthOf } from './markdown.mjs';
import { largeKernelFile } from './weights.mjs';

const TOLERANCE = 1e-2;

/** @returns Markdown */
export async function memory() {
  const { report, seconds, peakBytes } = await analyzeFile(
    largeKernelFile(),
    ...['--input-size', 'any', '--tolerance', String(TOLERANCE)],
  );
  const [{ shape, lipschitz }] = report.layers;
  return table([
    ['kernel', 'seconds', 'width', 'peak MB of all processes'],
    [shape.join('x'), seconds.toFixed(2), widthOf(lipschitz), megabytes(peakBytes)],
  ]);
}
