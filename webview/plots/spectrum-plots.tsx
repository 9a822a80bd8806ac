/** The singular values of a layer: one by one or as a histogram, and of a convolution over the frequencies. */
import type { PlotOptions } from '@observablehq/plot';
import { useCallback, useId, useMemo } from 'preact/hooks';
import { formatNumber, formatShape } from '../../src/report/numbers';
import type { FrequencyReport, SpectrumHistogram, SpectrumReport } from '../../src/report/report';
import type { Locale } from '../locale';
import { Figure, tipOf, useDrawing } from './figure';
import type { PlotLibrary } from './figure';
import { barsOf, frequenciesOf, placesOf } from './spectrum-data';
import type { FrequencyPoint } from './spectrum-data';
import { logTicks } from './ticks';

interface Props {
  readonly spectrum: SpectrumReport;
  readonly locale: Locale;
}

const COLOUR = 'var(--vscode-charts-blue)';
const MEDIAN_COLOUR = 'var(--vscode-charts-green)';
const SMALLEST_COLOUR = 'var(--vscode-charts-orange)';
/** Widest that a map of frequencies is drawn, and its height, pixels: cells that are about square. */
const MAP = { width: 320, height: 220 } as const;
/** Opacity of the smallest value of a map: no cell is invisible. */
const FAINTEST = 0.06;

export function SpectrumPlots({ spectrum, locale }: Props) {
  const { values, histogram, frequencies } = spectrum;
  return (
    <div class="spectrum-plots">
      {histogram && values && <ValuesPlot {...{ spectrum, values, histogram, locale }} />}
      {histogram && !values && <HistogramPlot {...{ spectrum, histogram, locale }} />}
      {histogram && frequencies && <FrequencyPlot {...{ spectrum, frequencies, locale }} />}
    </div>
  );
}

type WithHistogram = Props & { readonly histogram: SpectrumHistogram };

function ValuesPlot({
  spectrum,
  values,
  histogram,
  locale,
}: WithHistogram & { readonly values: readonly number[] }) {
  const points = useMemo(() => placesOf(values, histogram), [values, histogram]);
  const options = useCallback(
    (library: PlotLibrary): PlotOptions => ({
      x: {
        label: locale.strings.plotPlace,
        ticks: 6,
        tickFormat: (place: number) => (Number.isInteger(place) ? locale.count(place) : ''),
      },
      y: { ...sizeAxis(histogram, locale), label: null, grid: true },
      marks: [
        library.line(points, { x: 'x', y: 'y', stroke: COLOUR, strokeOpacity: 0.5 }),
        library.dot(points, { x: 'x', y: 'y', r: points.length > 200 ? 1.5 : 2.5, fill: COLOUR }),
        tipOf(library, points, ({ x, y }) => `${locale.count(x)}: ${show(y, locale)}`),
      ],
    }),
    [points, histogram, locale],
  );
  return (
    <Drawn
      name="singular-values"
      title={titleOf(locale.strings.plotSpectrum, spectrum, locale)}
      text={textOf(spectrum, histogram, locale)}
      {...{ options, locale }}
    />
  );
}

function HistogramPlot({ spectrum, histogram, locale }: WithHistogram) {
  const bars = useMemo(() => barsOf(histogram), [histogram]);
  const options = useCallback(
    (library: PlotLibrary): PlotOptions => ({
      x: { ...sizeAxis(histogram, locale), label: null },
      y: {
        label: locale.strings.plotCount,
        grid: true,
        ticks: 5,
        tickFormat: (count: number) => locale.count(count),
      },
      marks: [
        library.rect(bars, { x1: 'from', x2: 'to', y1: 0, y2: 'y', fill: COLOUR }),
        library.ruleY([0], { stroke: 'currentColor' }),
        tipOf(library, bars, ({ from, to, y }) =>
          [`${show(from, locale)}–${show(to, locale)}`, locale.count(Math.round(y))].join(': '),
        ),
      ],
    }),
    [bars, histogram, locale],
  );
  return (
    <Drawn
      name="singular-values"
      title={titleOf(locale.strings.plotHistogram, spectrum, locale)}
      text={textOf(spectrum, histogram, locale)}
      {...{ options, locale }}
    />
  );
}

/** A map over two axes, curves over one, and over three the frequencies in the order of their largest values. */
function FrequencyPlot({ spectrum, frequencies, locale }: Props & { readonly frequencies: FrequencyReport }) {
  const { strings } = locale;
  const points = useMemo(() => frequenciesOf(frequencies), [frequencies]);
  const byLargest = useMemo(() => points.toSorted((a, b) => b.largest - a.largest), [points]);
  const [highest, lowest] = [byLargest[0], byLargest[byLargest.length - 1]];
  const { grid } = frequencies;
  const isMap = grid.length === 2;
  const options = useCallback(
    (library: PlotLibrary, width: number): PlotOptions =>
      isMap
        ? mapOptions(library, points, grid, [lowest.largest, highest.largest], width, locale)
        : curveOptions(library, grid.length === 1 ? points : byLargest, grid.length === 1, locale),
    [points, byLargest, grid, isMap, locale],
  );
  const text = locale.text(
    'plotTextFrequencies',
    formatShape(grid),
    show(lowest.largest, locale),
    show(highest.largest, locale),
    placeOf(highest, locale),
  );
  return (
    <Drawn
      name="frequencies"
      title={titleOf(isMap ? strings.plotFrequencies : strings.plotCurves, spectrum, locale)}
      {...{ text, options, locale }}
    >
      {isMap && (
        <p class="ramp dim" aria-hidden="true">
          {show(lowest.largest, locale)} <span class="ramp-colours" /> {show(highest.largest, locale)}
        </p>
      )}
    </Drawn>
  );
}

function mapOptions(
  library: PlotLibrary,
  points: readonly FrequencyPoint[],
  [rows, columns]: readonly number[],
  [low, high]: readonly [number, number],
  width: number,
  locale: Locale,
): PlotOptions {
  const cells = points.map((point) => ({ ...point, x: point.frequency[1], y: point.frequency[0] }));
  const [halfRow, halfColumn] = [Math.PI / rows, Math.PI / columns];
  type Cell = (typeof cells)[number];
  const opacity = ({ largest }: Cell) =>
    high > low ? FAINTEST + (1 - FAINTEST) * ((largest - low) / (high - low)) : 1;
  return {
    width: Math.min(width, MAP.width),
    height: MAP.height,
    inset: 0,
    x: { label: locale.strings.plotFrequencyColumn, ...angleTicks(), nice: false },
    y: { label: locale.strings.plotFrequencyRow, ...angleTicks(), nice: false },
    marks: [
      library.rect(cells, {
        x1: ({ x }: Cell) => x - halfColumn,
        x2: ({ x }: Cell) => x + halfColumn,
        y1: ({ y }: Cell) => y - halfRow,
        y2: ({ y }: Cell) => y + halfRow,
        inset: 0,
        fill: COLOUR,
        fillOpacity: { value: opacity, scale: null },
        // No seams between cells.
        shapeRendering: 'crispEdges',
      }),
      tipOf(library, cells, (cell) => describe(cell, locale)),
    ],
  };
}

function curveOptions(
  library: PlotLibrary,
  frequencies: readonly FrequencyPoint[],
  isAxis: boolean,
  locale: Locale,
): PlotOptions {
  const { strings } = locale;
  const points = frequencies
    .map((point, i) => ({ ...point, x: isAxis ? point.frequency[0] : i + 1, y: point.largest }))
    .sort((a, b) => a.x - b.x);
  const curve = (y: 'largest' | 'median' | 'smallest', stroke: string, strokeDasharray: string) =>
    library.line(points, { x: 'x', y, stroke, strokeDasharray, strokeWidth: 1.5 });
  return {
    x: isAxis
      ? { label: strings.plotFrequency, ...angleTicks() }
      : { label: strings.plotFrequencyPlace, ticks: 6 },
    y: {
      label: null,
      grid: true,
      zero: true,
      ticks: 5,
      tickFormat: (value: number) => show(value, locale, 2),
    },
    marks: [
      curve('largest', COLOUR, 'none'),
      curve('median', MEDIAN_COLOUR, '6 3'),
      curve('smallest', SMALLEST_COLOUR, '2 3'),
      tipOf(library, points, (point) => describe(point, locale)),
    ],
  };
}

/** Multiples of a quarter of a turn. */
function angleTicks() {
  const names = ['-π', '-π/2', '0', 'π/2', 'π'];
  return {
    ticks: names.map((_, i) => (i - 2) * (Math.PI / 2)),
    tickFormat: (_: number, i: number) => names[i] ?? '',
  };
}

interface DrawnProps {
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly locale: Locale;
  readonly options: (library: PlotLibrary, width: number) => PlotOptions;
  readonly children?: preact.ComponentChildren;
}

/** A plot that is looked at only: its text says what it shows. */
function Drawn({ name, title, text, locale, options, children }: DrawnProps) {
  const { holder, drawing } = useDrawing(options);
  const textId = useId();
  return (
    <Figure {...{ name, title, text, locale, drawing }}>
      <div class="plot-holder still" ref={holder} role="img" aria-label={title} aria-describedby={textId} />
      {children}
      <p class="plot-text dim" id={textId}>
        {text}
      </p>
    </Figure>
  );
}

function sizeAxis({ edges }: SpectrumHistogram, locale: Locale) {
  const domain = [edges[0], edges[edges.length - 1]];
  return {
    type: 'log' as const,
    domain,
    ticks: logTicks(domain[0], domain[1]),
    tickFormat: (value: number) => show(value, locale, 1),
  };
}

function titleOf(title: string, { kind }: SpectrumReport, locale: Locale): string {
  return kind === 'exact' ? title : locale.text('plotEstimate', title);
}

function textOf(
  { count, largest, median, smallest }: SpectrumReport,
  { zeros }: SpectrumHistogram,
  locale: Locale,
): string {
  const [from, to, middle] = [smallest, largest, median].map((x) => show(x, locale));
  const zero = zeros >= 0.5 ? ` ${locale.text('plotTextZeros', locale.count(Math.round(zeros)))}` : '';
  return locale.text('plotTextSpectrum', locale.count(count), from, to, middle) + zero;
}

function describe(point: FrequencyPoint, locale: Locale): string {
  const { largest, median, smallest } = point;
  const values = [largest, median, smallest].map((value) => show(value, locale));
  return `${placeOf(point, locale)}: ${values.join(', ')}`;
}

/** `(1.57, 0)`. */
function placeOf({ frequency }: FrequencyPoint, locale: Locale): string {
  const angles = frequency.map((w) => `${w < 0 ? '-' : ''}${show(Math.abs(w), locale, 3)}`);
  return angles.length === 1 ? angles[0] : `(${angles.join(', ')})`;
}

function show(value: number, locale: Locale, digits?: number): string {
  return locale.number(formatNumber(value, digits));
}
