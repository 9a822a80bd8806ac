import type { PlotOptions } from '@observablehq/plot';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { formatInterval, formatShare } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import { formatStableRank } from '../../src/report/wording';
import { host } from '../host';
import type { Locale } from '../locale';
import type * as plotLibrary from './plot-library';
import { standaloneSvg } from './standalone-svg';

export interface Point {
  readonly indexed: IndexedRow;
  readonly x: number;
  readonly y: number;
}

export type PlotLibrary = typeof plotLibrary;

interface Props {
  /** Name of the file that it is exported to, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What the plot says, for those who do not see it. */
  readonly text: string;
  /** What is drawn: some of `all` where there are too many to tell apart. */
  readonly points: readonly Point[];
  /** In the order in which the keyboard goes through them. */
  readonly all: readonly Point[];
  readonly selected: IndexedRow | null;
  readonly locale: Locale;
  /** Axes and marks; the same function as long as they are the same. */
  readonly options: (library: PlotLibrary) => PlotOptions;
  /** @param open its details, too */
  readonly onSelect: (layer: string, open: boolean) => void;
}

const HEIGHT = 220;
/** Room around the outermost points, pixels. */
const INSET = 8;
/** Farthest a click may be from the point that it means, pixels. */
const REACH = 30;

type Drawing = ReturnType<PlotLibrary['plot']>;

let library: Promise<PlotLibrary> | undefined;

/** A bundle of its own, loaded once. */
export function loadPlotLibrary(): Promise<PlotLibrary> {
  library ??= import('./plot-library');
  return library;
}

export function Plot({ name, title, text, points, all, selected, locale, options, onSelect }: Props) {
  const { strings } = locale;
  const holder = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const library = usePlotLibrary();
  const width = useWidth(holder);
  const textId = useId();

  useEffect(() => {
    if (!holder.current || library === null || width === 0) return;
    const { marks = [], ...rest } = options(library);
    const drawn = library.plot({
      width,
      height: HEIGHT,
      className: 'plot',
      marginLeft: 56,
      inset: INSET,
      ...rest,
      marks: [
        ...marks,
        library.dot(
          all.filter(({ indexed }) => indexed === selected),
          { x: 'x', y: 'y', r: 6, stroke: 'var(--face)', strokeWidth: 2 },
        ),
        library.tip(
          points,
          library.pointer({
            x: 'x',
            y: 'y',
            title: (point: Point) => describe(point, locale),
            maxRadius: REACH,
            fill: 'var(--vscode-editorHoverWidget-background)',
            stroke: 'var(--vscode-editorHoverWidget-border)',
            textOverflow: 'ellipsis-middle',
          }),
        ),
      ],
    });
    // The policy of the page forbids style elements: these rules are in panel.css.
    for (const style of drawn.querySelectorAll('style')) style.remove();
    drawn.setAttribute('aria-hidden', 'true');
    holder.current.replaceChildren(drawn);
    drawing.current = drawn;
  }, [library, width, points, all, selected, locale, options]);

  const place = all.findIndex(({ indexed }) => indexed === selected);
  const click = (event: MouseEvent) => {
    const nearest = nearestPoint(event, points, drawing.current);
    if (nearest) onSelect(nearest.indexed.row.name, true);
  };
  const move = (event: KeyboardEvent) => {
    const targets: Record<string, number> = {
      ArrowRight: place + 1,
      ArrowUp: place + 1,
      ArrowLeft: place - 1,
      ArrowDown: place - 1,
      PageUp: place + 10,
      PageDown: place - 10,
      Home: 0,
      End: all.length - 1,
      Enter: place,
    };
    if (!(event.key in targets) || all.length === 0) return;
    event.preventDefault();
    const target = Math.min(all.length - 1, Math.max(0, targets[event.key]));
    onSelect(all[target].indexed.row.name, event.key === 'Enter');
  };
  return (
    <figure class="figure">
      <div class="figure-title">
        <figcaption>{title}</figcaption>
        <button
          type="button"
          class="icon"
          aria-label={`${strings.exportSvg} ${title}`}
          title={strings.exportSvg}
          disabled={points.length === 0}
          onClick={() => {
            if (drawing.current instanceof SVGSVGElement) {
              host.postMessage({
                type: 'exportPlot',
                name,
                svg: standaloneSvg(drawing.current, title, text),
              });
            }
          }}
        >
          <span class="codicon codicon-save-as" aria-hidden="true" />
        </button>
      </div>
      {/* One goes through the points as through the values of a slider: each is said as it is reached. */}
      <div
        class="plot-holder"
        ref={holder}
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-describedby={textId}
        aria-valuemin={0}
        aria-valuemax={all.length}
        aria-valuenow={place + 1}
        aria-valuetext={place < 0 ? strings.plotHint : describe(all[place], locale)}
        onClick={click}
        onKeyDown={move}
      />
      <p class="plot-text dim" id={textId}>
        {text}{' '}
        {points.length < all.length &&
          locale.text('plotThinned', locale.count(points.length), locale.count(all.length))}
      </p>
    </figure>
  );
}

/** Name, interval and stable rank, on a line each. */
function describe({ indexed: { row } }: Point, locale: Locale): string {
  const { strings } = locale;
  const { name, lipschitz, stableRank } = row;
  const lines = [displayName(name)];
  if (lipschitz) lines.push(`${strings.columnNorm}: ${locale.number(formatInterval(lipschitz))}`);
  if (stableRank) {
    const rank = `${formatStableRank(stableRank)} (${formatShare(stableRank.normalized)})`;
    lines.push(`${strings.columnRank}: ${locale.number(rank)}`);
  }
  return lines.join('\n');
}

function nearestPoint(
  { clientX, clientY }: MouseEvent,
  points: readonly Point[],
  drawing: Drawing | null,
): Point | null {
  const [x, y] = [drawing?.scale('x'), drawing?.scale('y')];
  if (!drawing || !x || !y) return null;
  const box = drawing.getBoundingClientRect();
  let nearest: Point | null = null;
  let least = REACH;
  for (const point of points) {
    const distance = Math.hypot(
      (x.apply(point.x) as number) - (clientX - box.left),
      (y.apply(point.y) as number) - (clientY - box.top),
    );
    if (distance < least) [nearest, least] = [point, distance];
  }
  return nearest;
}

/** Null while it is being loaded. */
function usePlotLibrary(): PlotLibrary | null {
  const [loaded, setLoaded] = useState<PlotLibrary | null>(null);
  useEffect(() => void loadPlotLibrary().then(setLoaded), []);
  return loaded;
}

function useWidth(holder: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!holder.current) return undefined;
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    observer.observe(holder.current);
    return () => observer.disconnect();
  }, []);
  return width;
}
