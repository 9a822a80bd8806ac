/** What the report says of a spectrum: its ends, its median, a histogram, and its course over the frequencies. */
import { mirrorOf } from '../bounds/symbols/grid';
import { product } from '../bounds/kernel';
import { merged, type Spectrum, type SymbolSpectra, weightsOf } from '../bounds/spectra/spectrum';
import type { FrequencyReport, SpectrumHistogram, SpectrumReport } from '../report/report';

/** Values that are listed one by one. */
const MOST_VALUES = 1024;
const BINS = 40;
/** Ratio of the largest value to what counts as zero beside it. */
const RANGE = 1e12;
/** Least ratio of the last edge of a histogram to the first. */
const LEAST_RATIO = 1.1;

export function describeSpectrum(found: Spectrum | SymbolSpectra, method: string): SpectrumReport {
  const isOfSymbol = 'symbols' in found;
  const all = isOfSymbol ? pooled(found) : found;
  const count = all.isExact ? total(all) : Math.round(total(all));
  return {
    kind: all.isExact ? 'exact' : 'estimate',
    method,
    count,
    ...quantilesOf(all),
    values: all.isExact && count <= MOST_VALUES ? repeated(all) : null,
    histogram: histogramOf(all),
    frequencies: isOfSymbol ? courseOf(found) : null,
  };
}

/** Of the whole grid: a symbol stands for that of the opposite frequency, too. */
function pooled({ counts, symbols }: SymbolSpectra): Spectrum {
  const copies = halfIndices(counts).map((index) => (mirrorOf(index, counts) === index ? 1 : 2));
  return merged(
    symbols.map((symbol, i) => ({
      ...symbol,
      weights: weightsOf(symbol).map((weight) => weight * copies[i]),
    })),
  );
}

/** Indices of the frequencies of `halfGrid`. */
function halfIndices(counts: readonly number[]): number[] {
  return [...Array(product(counts)).keys()].filter((index) => index <= mirrorOf(index, counts));
}

function courseOf({ counts, symbols }: SymbolSpectra): FrequencyReport {
  const quantiles = symbols.map(quantilesOf);
  const places = new Map(halfIndices(counts).map((index, place) => [index, place]));
  const at = Array.from(
    { length: product(counts) },
    (_, index) => quantiles[places.get(index) ?? places.get(mirrorOf(index, counts)) ?? 0],
  );
  return {
    grid: counts,
    largest: at.map(({ largest }) => largest),
    median: at.map(({ median }) => median),
    smallest: at.map(({ smallest }) => smallest),
  };
}

function quantilesOf(spectrum: Spectrum): Pick<SpectrumReport, 'largest' | 'median' | 'smallest'> {
  const { values } = spectrum;
  const weights = weightsOf(spectrum);
  const half = total(spectrum) / 2;
  let above = 0;
  const median = values.find((_, i) => (above += weights[i]) >= half) ?? 0;
  return { largest: values[0] ?? 0, median, smallest: values.at(-1) ?? 0 };
}

function total(spectrum: Spectrum): number {
  return spectrum.weights?.reduce((sum, weight) => sum + weight, 0) ?? spectrum.values.length;
}

function repeated(spectrum: Spectrum): number[] {
  const weights = weightsOf(spectrum);
  return [...spectrum.values].flatMap((value, i) => new Array<number>(weights[i]).fill(value));
}

/** On a logarithmic axis. */
function histogramOf(spectrum: Spectrum): SpectrumHistogram | null {
  const { values } = spectrum;
  const [most] = values;
  if (!(most > 0)) return null;
  const weights = weightsOf(spectrum);
  const least = values.findLast((value) => value > 0 && value >= most / RANGE) ?? most;
  const middle = Math.sqrt(least) * Math.sqrt(most);
  const ratio = Math.max(most / least, LEAST_RATIO);
  const low = middle / Math.sqrt(ratio);
  const edges = Array.from({ length: BINS + 1 }, (_, i) => low * ratio ** (i / BINS));
  edges[0] = Math.min(edges[0], least);
  edges[BINS] = Math.max(edges[BINS], most);
  const counts = new Array<number>(BINS).fill(0);
  let zeros = 0;
  values.forEach((value, i) => {
    if (value < edges[0]) {
      zeros += weights[i];
      return;
    }
    let bin = Math.min(BINS - 1, Math.max(0, Math.floor((BINS * Math.log(value / low)) / Math.log(ratio))));
    // The logarithm is rounded, the edges are what is told.
    if (value < edges[bin]) bin--;
    else if (bin < BINS - 1 && value >= edges[bin + 1]) bin++;
    counts[bin] += weights[i];
  });
  return { edges, counts, zeros };
}
