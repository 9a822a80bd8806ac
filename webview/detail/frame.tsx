/** What details of every kind have in common: the edge that makes them larger, a title, a way to close them. */
import type { ComponentChildren } from 'preact';
import type { Locale } from '../locale';
import { ResizeHandle } from './resize-handle';

export interface FrameProps {
  /** Pixels. */
  readonly height: number;
  /** @param height null: as at first */
  readonly onResize: (height: number | null) => void;
  readonly onClose: () => void;
}

interface Props extends FrameProps {
  readonly title: string;
  readonly locale: Locale;
  /** Beside the words; null: none. */
  readonly plot: ComponentChildren;
  readonly children: ComponentChildren;
}

const ID = 'detail';

export function DetailFrame({ title, locale, plot, height, onResize, onClose, children }: Props) {
  const { strings } = locale;
  return (
    <>
      <ResizeHandle label={strings.resizeDetail} controls={ID} height={height} onResize={onResize} />
      <section
        id={ID}
        class={plot ? 'detail' : 'detail words-only'}
        style={{ height: `${height}px` }}
        aria-label={locale.text('detail', title)}
        data-testid="detail"
      >
        <div class="detail-words">
          <div class="detail-title">
            <h2>{title}</h2>
            <button
              type="button"
              class="icon"
              aria-label={strings.close}
              title={strings.close}
              onClick={onClose}
            >
              <span class="codicon codicon-close" aria-hidden="true" />
            </button>
          </div>
          {children}
        </div>
        {plot && <div class="detail-plot">{plot}</div>}
      </section>
    </>
  );
}
