/** What all plots share: the frame with its title and its export, and the drawing that follows the room there is. */
import type { PlotOptions } from '@observablehq/plot';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { host } from '../host';
import type { Locale } from '../locale';
import type * as plotLibrary from './plot-library';
import { standaloneSvg } from './standalone-svg';

export type PlotLibrary = typeof plotLibrary;
export type Drawing = ReturnType<PlotLibrary['plot']>;

const HEIGHT = 220;
/** Room around the outermost points, pixels. */
const INSET = 8;
/** Farthest the pointer may be from the point that it means, pixels. */
export const REACH = 30;

let library: Promise<PlotLibrary> | undefined;

/** A bundle of its own, loaded once. */
export function loadPlotLibrary(): Promise<PlotLibrary> {
  library ??= import('./plot-library');
  return library;
}

interface FigureProps {
  /** Name of the file that it is exported to, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What the plot says, for those who do not see it. */
  readonly text: string;
  readonly locale: Locale;
  readonly drawing: { readonly current: Drawing | null };
  /** There is nothing to export. */
  readonly isEmpty?: boolean;
  readonly children: ComponentChildren;
}

export function Figure({ name, title, text, locale, drawing, isEmpty = false, children }: FigureProps) {
  const { strings } = locale;
  const exportSvg = () => {
    if (!(drawing.current instanceof SVGSVGElement)) return;
    host.postMessage({ type: 'exportPlot', name, svg: standaloneSvg(drawing.current, title, text) });
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
          disabled={isEmpty}
          onClick={exportSvg}
        >
          <span class="codicon codicon-save-as" aria-hidden="true" />
        </button>
      </div>
      {children}
    </figure>
  );
}

/**
 * A plot in the element `holder`, drawn anew when its width or its options change.
 * @param options axes and marks; the same function as long as they are the same
 */
export function useDrawing(options: (library: PlotLibrary, width: number) => PlotOptions) {
  const holder = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const library = usePlotLibrary();
  const width = useWidth(holder);
  useEffect(() => {
    if (!holder.current || library === null || width === 0) return;
    const drawn = library.plot({
      width,
      height: HEIGHT,
      className: 'plot',
      marginLeft: 56,
      inset: INSET,
      ...options(library, width),
    });
    // The policy of the page forbids style elements: these rules are in panel.css.
    for (const style of drawn.querySelectorAll('style')) style.remove();
    drawn.setAttribute('aria-hidden', 'true');
    holder.current.replaceChildren(drawn);
    drawing.current = drawn;
  }, [library, width, options]);
  return { holder, drawing };
}

/** What is said of the point that is nearest to the pointer. */
export function tipOf<T extends { readonly x: number; readonly y: number }>(
  library: PlotLibrary,
  points: readonly T[],
  describe: (point: T) => string,
): ReturnType<PlotLibrary['tip']> {
  return library.tip(
    points,
    library.pointer({
      x: 'x',
      y: 'y',
      title: describe,
      maxRadius: REACH,
      fill: 'var(--vscode-editorHoverWidget-background)',
      stroke: 'var(--vscode-editorHoverWidget-border)',
      textOverflow: 'ellipsis-middle',
    }),
  );
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
