import { dot, link, ruleY } from '@observablehq/plot';
import { useCallback, useMemo } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { formatInterval, formatNumber, formatShare } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import { formatStableRank } from '../../src/report/wording';
import type { Locale } from '../locale';
import { logDomain, logShare } from '../rows';
import { Plot } from './plot';
import type { Point } from './plot';
import { thinByCell, thinByColumn } from './thin';
import { logTicks } from './ticks';

export interface PlotProps {
  /** In the order of the file. */
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
const FACE = 'var(--vscode-foreground)';
/** Room around the outermost points, pixels. */
const INSET = 8;

/** Norms and stable ranks in the order of the file. */
export function NetworkPlots(props: PlotProps) {
  return (
    <div class="plots">
      <NormPlot {...props} />
      <RankPlot {...props} />
    </div>
  );
}

/** Norms in the order of the file, on a logarithmic axis; a thick line is an interval. */
export function NormPlot({ rows, locale, selected, budget, onSelect }: PlotProps) {
  const all = useMemo(() => normPoints(rows), [rows]);
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const domain = useMemo(() => logDomain(rows), [rows]);
  const options = useMemo(() => {
    const [low, high] = domain ?? [1, 10];
    return {
      inset: INSET,
      x: depthAxis(locale),
      y: normAxis(locale, low, high),
      marks: [
        ...budgetRule(budget, low, high),
        link(points, {
          x1: 'x',
          x2: 'x',
          y1: low,
          y2: 'y',
          stroke: NORM_COLOUR,
          strokeOpacity: 0.25,
        }),
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
        dot(points, { x: 'x', y: 'y', r: 2.5, fill: (point: Point) => normColour(point, budget) }),
        ring(all, selected),
      ],
    };
  }, [points, all, domain, selected, budget, locale]);
  const describe = useDescription(locale);
  const [low, high] = extremes(all);
  const show = (point: Point) => locale.number(boundsOf(point));
  const zeros = rows.filter(({ row }) => row.lipschitz?.upper === 0).length;
  return (
    <Plot
      name="norms"
      title={locale.strings.plotNorm}
      text={[
        high
          ? locale.text('plotTextNorm', locale.count(all.length), show(low), show(high), nameOf(high))
          : locale.strings.plotEmpty,
        zeros > 0 ? locale.text('plotZeros', locale.count(zeros)) : '',
      ]
        .join(' ')
        .trimEnd()}
      points={points}
      all={all}
      selected={selected}
      locale={locale}
      describe={describe}
      onSelect={onSelect}
      options={options}
    />
  );
}

function RankPlot({ rows, locale, selected, onSelect }: PlotProps) {
  const all = useMemo(
    () =>
      rows.flatMap((indexed): Point[] => {
        const { stableRank } = indexed.row;
        return stableRank ? [{ indexed, x: indexed.index + 1, y: stableRank.normalized }] : [];
      }),
    [rows],
  );
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const options = useMemo(
    () => ({
      inset: INSET,
      x: depthAxis(locale),
      y: { ...shareAxis(locale), label: null },
      marks: [
        link(points, {
          x1: 'x',
          x2: 'x',
          y1: 0,
          y2: 'y',
          stroke: RANK_COLOUR,
          strokeOpacity: 0.25,
        }),
        dot(points, { x: 'x', y: 'y', r: 2.5, fill: RANK_COLOUR }),
        ring(all, selected),
      ],
    }),
    [points, all, selected, locale],
  );
  const describe = useDescription(locale);
  const [low, high] = extremes(all);
  const show = (x: number) => locale.number(formatShare(x));
  return (
    <Plot
      name="stable-ranks"
      title={locale.strings.plotRank}
      text={
        low
          ? locale.text('plotTextRank', locale.count(all.length), show(low.y), show(high.y), nameOf(low))
          : locale.strings.plotEmpty
      }
      points={points}
      all={all}
      selected={selected}
      locale={locale}
      describe={describe}
      onSelect={onSelect}
      options={options}
    />
  );
}

/** Norm against stable rank: what amplifies along few directions is at the top left. */
export function ScatterPlot({ rows, locale, selected, budget, onSelect }: PlotProps) {
  const all = useMemo(
    () =>
      normPoints(rows).flatMap(({ indexed, y }): Point[] => {
        const { stableRank } = indexed.row;
        return stableRank ? [{ indexed, x: stableRank.normalized, y }] : [];
      }),
    [rows],
  );
  const domain = useMemo(() => logDomain(rows), [rows]);
  const points = useMemo(
    () => (domain ? thinByCell(all, CELLS, ({ x, y }) => [x, logShare(y, domain)]) : []),
    [all, domain],
  );
  const options = useMemo(() => {
    const [low, high] = domain ?? [1, 10];
    return {
      inset: INSET,
      height: 420,
      x: { ...shareAxis(locale), label: locale.strings.plotRankShare },
      y: normAxis(locale, low, high),
      marks: [
        ...budgetRule(budget, low, high),
        dot(points, {
          x: 'x',
          y: 'y',
          r: 3.5,
          fill: (point: Point) => normColour(point, budget),
          fillOpacity: 0.6,
        }),
        ring(all, selected),
      ],
    };
  }, [points, all, domain, selected, budget, locale]);
  const describe = useDescription(locale);
  const [, high] = extremes(all);
  const lowest = all.reduce<Point | null>(
    (least, point) => (least && least.x <= point.x ? least : point),
    null,
  );
  return (
    <div class="plots">
      <Plot
        name="norm-against-rank"
        title={locale.strings.plotScatter}
        text={
          high && lowest
            ? locale.text(
                'plotTextScatter',
                locale.count(all.length),
                locale.number(boundsOf(high)),
                nameOf(high),
                locale.number(formatShare(lowest.x)),
                nameOf(lowest),
              )
            : locale.strings.plotEmpty
        }
        points={points}
        all={all}
        selected={selected}
        locale={locale}
        describe={describe}
        onSelect={onSelect}
        options={options}
      />
    </div>
  );
}

/** `features.0: 7.875–7.884, stable rank 1.516–1.520 (13%)`, on a line each. */
function useDescription(locale: Locale): (point: Point) => string {
  return useCallback(
    ({ indexed: { row } }: Point) => {
      const { lipschitz, stableRank } = row;
      const { strings } = locale;
      return [
        displayName(row.name),
        ...(lipschitz ? [`${strings.columnNorm}: ${locale.number(formatInterval(lipschitz))}`] : []),
        ...(stableRank
          ? [
              `${strings.columnRank}: ${locale.number(`${formatStableRank(stableRank)} (${formatShare(stableRank.normalized)})`)}`,
            ]
          : []),
      ].join('\n');
    },
    [locale],
  );
}

function depthAxis(locale: Locale) {
  return { label: locale.strings.plotDepth, ticks: 6, tickFormat: (layer: number) => locale.count(layer) };
}

function shareAxis(locale: Locale) {
  return {
    domain: [0, 1],
    grid: true,
    ticks: 5,
    tickFormat: (share: number) => locale.number(`${Math.round(share * 100)}%`),
  };
}

/** Logarithmic, its limits a little apart where all is one value. */
function normAxis(locale: Locale, low: number, high: number) {
  const domain = high > low ? [low, high] : [low / 2, high * 2];
  return {
    type: 'log' as const,
    domain,
    label: null,
    grid: true,
    ticks: logTicks(domain[0], domain[1]),
    tickFormat: (norm: number) => locale.number(formatNumber(norm, 1)),
  };
}

function budgetRule(budget: number | null, low: number, high: number) {
  if (budget === null || budget < low || budget > high) return [];
  return [ruleY([budget], { stroke: OVER_COLOUR, strokeDasharray: '4 3' })];
}

function normColour({ y }: Point, budget: number | null): string {
  return budget !== null && y > budget ? OVER_COLOUR : NORM_COLOUR;
}

/** Of the layers with a positive upper bound: a zero has no place on a logarithmic axis. */
function normPoints(rows: readonly IndexedRow[]): Point[] {
  return rows.flatMap((indexed): Point[] => {
    const upper = indexed.row.lipschitz?.upper ?? 0;
    return upper > 0 ? [{ indexed, x: indexed.index + 1, y: upper }] : [];
  });
}

/** Around the selected point. */
function ring(points: readonly Point[], selected: IndexedRow | null) {
  const chosen = points.filter(({ indexed }) => indexed === selected);
  return dot(chosen, { x: 'x', y: 'y', r: 6, stroke: FACE, strokeWidth: 2 });
}

function extremes(points: readonly Point[]): [low: Point, high: Point] | [low: undefined, high: undefined] {
  if (points.length === 0) return [undefined, undefined];
  return [points.reduce((a, b) => (b.y < a.y ? b : a)), points.reduce((a, b) => (b.y > a.y ? b : a))];
}

/** Never rounded to the wrong side, as a bound by itself would be. */
function boundsOf({ indexed }: Point): string {
  const { lipschitz } = indexed.row;
  return lipschitz ? formatInterval(lipschitz) : '';
}

function nameOf({ indexed }: Point): string {
  return displayName(indexed.row.name);
}
