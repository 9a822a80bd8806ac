import type { PanelHead, PanelNetwork } from '../../src/editor/protocol/protocol';
import { isBusy } from '../../src/editor/protocol/protocol';
import { host } from '../host';
import type { Locale } from '../locale';

interface Props {
  readonly head: PanelHead;
  readonly network: PanelNetwork;
  readonly locale: Locale;
}

/** The button that runs the model, with what that means, or why it may not be run. */
export function SlopeSearch({ head: { state, trusted, stale }, network, locale }: Props) {
  const { strings } = locale;
  if (network.bounds.length === 0) return null;
  const searching = state.kind === 'searching';
  const obstacle = !trusted ? strings.searchUntrusted : stale ? strings.stale : null;
  return (
    <div class="slope-search">
      {/* One element, which keeps the focus when its meaning changes. */}
      <vscode-button
        appearance="secondary"
        disabled={!searching && (obstacle !== null || isBusy(state))}
        onClick={() => host.postMessage({ type: searching ? 'cancel' : 'findSlopes' })}
      >
        {searching ? strings.cancel : strings.searchSlopes}
      </vscode-button>
      <span class="dim">{searching ? strings.searching : (obstacle ?? strings.searchHint)}</span>
    </div>
  );
}
