// The command line as a user runs it, with the wall time and the peak memory of all its processes.
import { measure } from './measure.mjs';

/** @returns {Promise<{report: object, seconds: number, peakBytes: number | null}>} */
export async function analyzeFile(file, ...options) {
  process.stderr.write(`${file} ${options.join(' ')} ...\n`);
  const { stdout, seconds, peakBytes } = await measure(process.execPath, [
    'dist/cli.js',
    'analyze',
    file,
    ...['--format', 'json', '--device', 'cpu'],
    ...options,
  ]);
  return { report: JSON.parse(stdout), seconds, peakBytes };
}
