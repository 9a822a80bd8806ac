/** The facts of a layer in words. */
import { formatInterval, formatNumber, formatShape, formatShare } from '../../src/report/numbers';
import type { ConvolutionReport, LayerReport, Settings } from '../../src/report/report';
import type { Locale } from '../locale';
import { operatorText } from '../table/cells';

/** `Conv, kernel 3×3, stride 2, zero padding 1`. */
export function describeOperator(row: LayerReport, locale: Locale): string {
  const { convolution, shape } = row;
  if (convolution === null) return operatorText(row, locale);
  const { strides, dilations, padding } = convolution;
  return [
    operatorText(row, locale),
    locale.text('convolution', formatShape(shape.slice(2))),
    ...(strides.some((stride) => stride !== 1) ? [locale.text('stride', sides(strides))] : []),
    ...(dilations.some((dilation) => dilation !== 1) ? [locale.text('dilation', sides(dilations))] : []),
    describePadding(padding, locale),
  ].join(', ');
}

function describePadding({ mode, amounts }: ConvolutionReport['padding'], locale: Locale): string {
  const name = locale.strings[mode];
  return amounts === null
    ? locale.text('paddingUnknown', name)
    : locale.text('padding', name, sides(amounts));
}

/** One number where all are equal. */
function sides(values: readonly number[]): string {
  return values.every((value) => value === values[0]) ? String(values[0] ?? 0) : values.join('×');
}

/** `2.5 to 2.6 (3.8% wide)`, or the number alone where both ends agree. */
export function describeInterval({ lipschitz }: LayerReport, locale: Locale): string {
  if (lipschitz === null) return '';
  const { lower, upper } = lipschitz;
  const shown = formatInterval(lipschitz);
  if (!shown.includes('–')) return locale.text('intervalAgrees', locale.number(shown));
  const [from, to] = shown.split('–');
  const width = formatShare((upper - lower) / upper);
  return locale.text('intervalWidth', locale.number(from), locale.number(to), locale.number(width));
}

/** Relative width below which nothing but rounding is left. */
const ROUNDING = 1e-12;

/** Why the interval is as wide as it is. */
export function explainWidth(row: LayerReport, { method, tolerance }: Settings, locale: Locale): string {
  const { lipschitz } = row;
  if (lipschitz === null) return '';
  const width = lipschitz.upper === 0 ? 0 : (lipschitz.upper - lipschitz.lower) / lipschitz.upper;
  if (width <= ROUNDING) return locale.strings.whyExact;
  if (method === 'gram') return locale.strings.whyGram;
  if (tolerance !== null && width <= tolerance) {
    return locale.text('whyTolerance', locale.number(formatNumber(tolerance, 2)));
  }
  if (row.convolution?.inputSize && lipschitz.scope !== 'any input size') return locale.strings.whySize;
  return tolerance === null ? locale.strings.whyDefault : locale.strings.whyWide;
}
