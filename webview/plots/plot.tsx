import * as ObservablePlot from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { host } from '../host';
import type { Locale } from '../locale';
import { standaloneSvg } from './standalone-svg';

export interface Point {
  readonly indexed: IndexedRow;
  readonly x: number;
  readonly y: number;
}

interface Props {
  /** Name of the file that it is exported to, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What the plot says, for those who do not see it. */
  readonly text: string;
  readonly points: readonly Point[];
  readonly selected: IndexedRow | null;
  readonly locale: Locale;
  /** Layers that have a place in the plot. */
  readonly of: number;
  readonly options: (width: number) => PlotOptions;
  readonly onSelect: (layer: string) => void;
}

const HEIGHT = 220;
/** Farthest a click may be from the point that it means, pixels. */
const REACH = 30;

export function Plot({ name, title, text, points, selected, locale, of, options, onSelect }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const drawn = useRef<ReturnType<typeof ObservablePlot.plot> | null>(null);
  const width = useWidth(holder);

  useEffect(() => {
    if (!holder.current || width === 0) return;
    const plot = ObservablePlot.plot({
      width,
      height: HEIGHT,
      className: 'plot',
      marginLeft: 56,
      ...options(width),
    });
    // The policy of the page forbids style elements: these rules are in panel.css.
    for (const style of plot.querySelectorAll('style')) style.remove();
    plot.setAttribute('aria-hidden', 'true');
    holder.current.replaceChildren(plot);
    drawn.current = plot;
  }, [width, points, selected, locale]);

  const click = (event: MouseEvent) => {
    const nearest = nearestPoint(event, points, drawn.current);
    if (nearest) onSelect(nearest.indexed.row.name);
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined || points.length === 0) return;
    event.preventDefault();
    const place = points.findIndex(({ indexed }) => indexed === selected);
    const next = Math.min(points.length - 1, Math.max(0, place + step));
    onSelect(points[next].indexed.row.name);
  };
  const svg = () => drawn.current;
  return (
    <figure class="figure">
      <div class="figure-title">
        <figcaption>{title}</figcaption>
        <button
          type="button"
          class="icon"
          aria-label={locale.strings.exportSvg}
          title={locale.strings.exportSvg}
          disabled={points.length === 0}
          onClick={() => {
            const plot = svg();
            if (plot instanceof SVGSVGElement) {
              host.postMessage({ type: 'exportPlot', name, svg: standaloneSvg(plot) });
            }
          }}
        >
          <span class="codicon codicon-save-as" aria-hidden="true" />
        </button>
      </div>
      <div
        class="plot-holder"
        ref={holder}
        role="img"
        tabIndex={0}
        aria-label={`${text} ${locale.strings.plotHint}`}
        onClick={click}
        onKeyDown={move}
      />
      <p class="dim">
        {points.length === 0 && locale.strings.plotEmpty}
        {points.length < of &&
          points.length > 0 &&
          locale.text('plotThinned', locale.count(points.length), locale.count(of))}
      </p>
    </figure>
  );
}

function nearestPoint(
  { clientX, clientY }: MouseEvent,
  points: readonly Point[],
  plot: ReturnType<typeof ObservablePlot.plot> | null,
): Point | null {
  const [x, y] = [plot?.scale('x'), plot?.scale('y')];
  if (!plot || !x || !y) return null;
  const box = plot.getBoundingClientRect();
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
