/** What the formats for people say of singular values: a small histogram and a few of the values. */
import { formatCount, formatNumber } from './numbers';
import type { LayerReport, SpectrumHistogram, SpectrumReport } from './report';

/** Titles of what is said of a spectrum. */
export const SPECTRUM_TITLES = ['largest', 'median', 'smallest', 'values', 'histogram', 'kind'] as const;
type SpectrumTitle = (typeof SPECTRUM_TITLES)[number];

/** What the histogram needs words for. */
export const SPECTRUM_LEGEND =
  'histogram: number of singular values from the smallest that is not zero to the largest, on a logarithmic axis; ' +
  'of a convolution those of its symbol at all frequencies of a grid';

/** The layers whose singular values are known. */
export function layersWithSpectra(
  layers: readonly LayerReport[],
): (LayerReport & { readonly spectrum: SpectrumReport })[] {
  return layers.flatMap((layer) => (layer.spectrum ? [{ ...layer, spectrum: layer.spectrum }] : []));
}

export function describeSpectrum(spectrum: SpectrumReport): Readonly<Record<SpectrumTitle, string>> {
  const { largest, median, smallest, count, histogram, kind } = spectrum;
  const zeros = histogram?.zeros ?? 0;
  return {
    largest: formatNumber(largest),
    median: formatNumber(median),
    smallest: formatNumber(smallest),
    values: `${formatCount(count)}${zeros >= 0.5 ? `, ${formatCount(Math.round(zeros))} zero` : ''}`,
    histogram: histogram === null ? '' : sparkline(histogram),
    kind,
  };
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const CHARACTERS = 20;

/** One character for several bins; a blank for none. */
export function sparkline({ counts }: Pick<SpectrumHistogram, 'counts'>): string {
  const length = Math.min(CHARACTERS, counts.length);
  const edge = (i: number) => Math.floor((i * counts.length) / length);
  const sums = Array.from({ length }, (_, i) =>
    counts.slice(edge(i), edge(i + 1)).reduce((sum, count) => sum + count, 0),
  );
  const most = Math.max(...sums);
  return sums
    .map((sum) => (sum > 0 ? BARS[Math.min(BARS.length - 1, Math.floor((sum / most) * BARS.length))] : ' '))
    .join('');
}
