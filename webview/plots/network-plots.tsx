import type { ComponentProps } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { formatInterval, formatShare } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { logDomain, logShare } from '../rows';
import type { LayerReport } from '../../src/report/report';
import { formatStableRank } from '../../src/report/wording';
import { depthAxis, extremes, logAxis } from './axes';
import { Plot } from './plot';
import type { PlotLibrary } from './figure';
import type { Point } from './plot';
import { thinByCell, thinByColumn } from './thin';

export interface PlotProps {
  readonly rows: readonly IndexedRow[];
  readonly locale: Locale;
  readonly selected: IndexedRow | null;
  /** Largest upper bound that is accepted of a layer; null: any. */
  readonly budget: number | null;
  /** @param open its details, too */
  readonly onSelect: (layer: string, open: boolean) => void;
}

/** Columns of the plots that are told apart: half the pixels of a wide one. */
const COLUMNS = 600;
/** Cells of the scatter plot in each direction. */
const CELLS = 250;
const NORM_COLOUR = 'var(--vscode-charts-blue)';
const RANK_COLOUR = 'var(--vscode-charts-green)';
const OVER_COLOUR = 'var(--vscode-charts-red)';

/** Norms and stable ranks in the order of the file. */
export function NetworkPlots({ budget, ...rest }: PlotProps) {
  return (
    <div class="plots">
      <NormPlot {...rest} budget={budget} />
      <RankPlot {...rest} />
    </div>
  );
}

/** Norms in the order of the file, on a logarithmic axis; a thick line is an interval. */
export function NormPlot({ rows, budget, ...rest }: PlotProps) {
  const { locale } = rest;
  const all = useMemo(() => pointsOf(rows, (layer) => [layer.index + 1, upperOf(layer)]), [rows]);
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const [low, high] = useMemo(() => logDomain(rows) ?? [1, 10], [rows]);
  const options = useCallback(
    ({ dot, link, ruleY }: PlotLibrary) => ({
      x: depthAxis(locale),
      y: logAxis(locale, low, high),
      marks: [
        ruleY(budgetsBetween(low, high, budget), BUDGET_LINE),
        link(points, { x1: 'x', x2: 'x', y1: low, y2: 'y', stroke: NORM_COLOUR, strokeOpacity: 0.25 }),
        link(points, {
          x1: 'x',
          x2: 'x',
          // A lower end of zero is below every axis.
          y1: ({ indexed }: Point) => indexed.row.lipschitz?.lower || low,
          y2: 'y',
          stroke: NORM_COLOUR,
          strokeWidth: 4,
          strokeOpacity: 0.6,
        }),
        dot(points, { x: 'x', y: 'y', r: 2.5, fill: ({ y }: Point) => normColour(y, budget) }),
      ],
    }),
    [points, low, high, budget, locale],
  );
  const [lowest, highest] = extremes(all, ({ y }) => y);
  const show = (point: Point) => locale.number(boundsOf(point));
  const zeros = rows.filter(({ row }) => row.lipschitz?.upper === 0).length;
  return (
    <LayerPlot
      {...rest}
      name="norms"
      title={locale.strings.plotNorm}
      text={[
        highest
          ? locale.text(
              'plotTextNorm',
              locale.count(all.length),
              show(lowest),
              show(highest),
              nameOf(highest),
            )
          : locale.strings.plotEmpty,
        zeros > 0 ? locale.text('plotZeros', locale.count(zeros)) : '',
      ]
        .join(' ')
        .trimEnd()}
      all={all}
      points={points}
      options={options}
    />
  );
}

function RankPlot({ rows, ...rest }: Omit<PlotProps, 'budget'>) {
  const { locale } = rest;
  const all = useMemo(() => pointsOf(rows, (layer) => [layer.index + 1, shareOf(layer)]), [rows]);
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const options = useCallback(
    ({ dot, link }: PlotLibrary) => ({
      x: depthAxis(locale),
      y: { ...shareAxis(locale), label: null },
      marks: [
        link(points, { x1: 'x', x2: 'x', y1: 0, y2: 'y', stroke: RANK_COLOUR, strokeOpacity: 0.25 }),
        dot(points, { x: 'x', y: 'y', r: 2.5, fill: RANK_COLOUR }),
      ],
    }),
    [points, locale],
  );
  const [lowest, highest] = extremes(all, ({ y }) => y);
  const show = ({ y }: Point) => locale.number(formatShare(y));
  return (
    <LayerPlot
      {...rest}
      name="stable-ranks"
      title={locale.strings.plotRank}
      text={
        lowest
          ? locale.text('plotTextRank', locale.count(all.length), show(lowest), show(highest), nameOf(lowest))
          : locale.strings.plotEmpty
      }
      all={all}
      points={points}
      options={options}
    />
  );
}

/** Norm against stable rank: what amplifies along few directions is at the top left. */
export function ScatterPlot({ rows, budget, ...rest }: PlotProps) {
  const { locale } = rest;
  const all = useMemo(() => pointsOf(rows, (layer) => [shareOf(layer), upperOf(layer)]), [rows]);
  const [low, high] = useMemo(() => logDomain(rows) ?? [1, 10], [rows]);
  const points = useMemo(
    () => thinByCell(all, CELLS, ({ x, y }) => [x, logShare(y, [low, high])]),
    [all, low, high],
  );
  const options = useCallback(
    ({ dot, ruleY }: PlotLibrary) => ({
      height: 420,
      x: { ...shareAxis(locale), label: locale.strings.plotRankShare },
      y: logAxis(locale, low, high),
      marks: [
        ruleY(budgetsBetween(low, high, budget), BUDGET_LINE),
        dot(points, {
          x: 'x',
          y: 'y',
          r: 3.5,
          fill: ({ y }: Point) => normColour(y, budget),
          fillOpacity: 0.6,
        }),
      ],
    }),
    [points, low, high, budget, locale],
  );
  const [, highest] = extremes(all, ({ y }) => y);
  const [lowest] = extremes(all, ({ x }) => x);
  return (
    <div class="plots">
      <LayerPlot
        {...rest}
        name="norm-against-rank"
        title={locale.strings.plotScatter}
        text={
          highest && lowest
            ? locale.text(
                'plotTextScatter',
                locale.count(all.length),
                locale.number(boundsOf(highest)),
                nameOf(highest),
                locale.number(formatShare(lowest.x)),
                nameOf(lowest),
              )
            : locale.strings.plotEmpty
        }
        all={all}
        points={points}
        options={options}
      />
    </div>
  );
}

/** Of the layers that have a place in the plot, in the order of the file. */
function pointsOf(
  rows: readonly IndexedRow[],
  placeOf: (layer: IndexedRow) => readonly [x: number | null, y: number | null],
): Point[] {
  return rows
    .flatMap((indexed): Point[] => {
      const [x, y] = placeOf(indexed);
      return x === null || y === null ? [] : [{ indexed, x, y }];
    })
    .sort((a, b) => a.indexed.index - b.indexed.index);
}

/** Null also for a bound of zero, which has no place on a logarithmic axis. */
function upperOf({ row }: IndexedRow): number | null {
  return row.lipschitz?.upper || null;
}

function shareOf({ row }: IndexedRow): number | null {
  return row.stableRank?.normalized ?? null;
}

function shareAxis(locale: Locale) {
  return {
    domain: [0, 1],
    grid: true,
    ticks: 5,
    tickFormat: (share: number) => locale.number(`${Math.round(share * 100)}%`),
  };
}

const BUDGET_LINE = { stroke: OVER_COLOUR, strokeDasharray: '4 3' };

/** The budget, where it is on the axis. */
function budgetsBetween(low: number, high: number, budget: number | null): number[] {
  return budget === null || budget < low || budget > high ? [] : [budget];
}

function normColour(upper: number, budget: number | null): string {
  return budget !== null && upper > budget ? OVER_COLOUR : NORM_COLOUR;
}

/** Never rounded to the wrong side, as a bound by itself would be. */
function boundsOf({ indexed }: Point): string {
  const { lipschitz } = indexed.row;
  return lipschitz ? formatInterval(lipschitz) : '';
}

function nameOf({ indexed }: Point): string {
  return displayName(indexed.row.name);
}

/** A plot with a point for each layer. */
function LayerPlot(props: Omit<ComponentProps<typeof Plot<LayerReport>>, 'describe' | 'keyOf'>) {
  const { locale } = props;
  const describe = useCallback((row: LayerReport) => describeLayer(row, locale), [locale]);
  return <Plot {...props} describe={describe} keyOf={layerName} />;
}

function layerName({ name }: LayerReport): string {
  return name;
}

/** Name, interval and stable rank, on a line each. */
function describeLayer({ name, lipschitz, stableRank }: LayerReport, locale: Locale): string {
  const { strings } = locale;
  const lines = [displayName(name)];
  if (lipschitz) lines.push(`${strings.columnNorm}: ${locale.number(formatInterval(lipschitz))}`);
  if (stableRank) {
    const rank = `${formatStableRank(stableRank)} (${formatShare(stableRank.normalized)})`;
    lines.push(`${strings.columnRank}: ${locale.number(rank)}`);
  }
  return lines.join('\n');
}
