import type { LayerSpectrum } from '../../src/editor/protocol/protocol';
import { formatNumber } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import { Bar } from '../head/state-line';
import { host } from '../host';
import type { Locale } from '../locale';

interface Props {
  readonly layer: string;
  /** Null where nobody has asked for them. */
  readonly state: LayerSpectrum['state'] | null;
  /** The file is the one that the row is about. */
  readonly canAsk: boolean;
  readonly locale: Locale;
}

/** The singular values of a layer in words, or the button that asks for them. */
export function SpectrumField({ layer, state, canAsk, locale }: Props) {
  const { strings } = locale;
  const ask = (
    <vscode-button
      appearance="secondary"
      disabled={!canAsk}
      onClick={() => host.postMessage({ type: 'spectrum', layer })}
    >
      {strings.showSpectrum}
    </vscode-button>
  );
  switch (state?.kind) {
    case undefined:
      return ask;
    case 'running':
      return (
        <div class="spectrum-progress">
          <Bar text={strings.computingSpectrum} share={state.share} />
          <vscode-button
            appearance="secondary"
            onClick={() => host.postMessage({ type: 'cancelSpectrum', layer })}
          >
            {strings.cancel}
          </vscode-button>
        </div>
      );
    case 'cancelled':
      return (
        <>
          {ask} <span class="dim">{strings.spectrumCancelled}</span>
        </>
      );
    case 'failed':
      return (
        <>
          {ask} <span role="alert">{displayName(locale.translate(state.sentence))}</span>
        </>
      );
    case 'known': {
      const { kind, count, largest, median, smallest, method } = state.spectrum;
      const [high, middle, low] = [largest, median, smallest].map((x) => locale.number(formatNumber(x)));
      return (
        <>
          <p role="status">{locale.text('spectrumFacts', locale.count(count), high, middle, low)}</p>
          <p>
            {kind === 'exact' ? strings.spectrumExact : <strong>{strings.spectrumEstimate}</strong>}:{' '}
            {displayName(locale.translate(method))}
          </p>
        </>
      );
    }
  }
}
