import { useEffect, useState } from 'preact/hooks';
import { isBusy } from '../../src/editor/protocol/protocol';
import { DEVICE_CHOICES, isTolerance } from '../../src/report/settings';
import type { DeviceChoice } from '../../src/report/report';
import { labelled } from '../controls/toolkit';
import { host } from '../host';
import { runMessage } from './run-message';
import type { RunHead } from '../../src/editor/protocol/protocol';
import type { Locale } from '../locale';
import type { RunWords } from './words';

interface Props {
  readonly head: RunHead;
  readonly locale: Locale;
  readonly words: RunWords;
  /** There is something to export. */
  readonly hasRows: boolean;
}

/** What to run with, and the buttons that run, cancel and export. */
export function Controls({ head, locale, words, hasRows }: Props) {
  const { strings } = locale;
  const { settings, trusted, state } = head;
  const [device, setDevice] = useState<DeviceChoice>(settings.device);
  const [tolerance, setTolerance] = useState(toleranceText(settings.tolerance));
  useEffect(() => {
    setDevice(settings.device);
    setTolerance(toleranceText(settings.tolerance));
  }, [head.run]);
  const valid = tolerance.trim() === '' || isTolerance(Number(tolerance));
  const busy = isBusy(state);
  const run = () =>
    host.postMessage(
      runMessage(head, { device, tolerance: tolerance.trim() === '' ? null : Number(tolerance) }),
    );
  return (
    <div class="controls">
      <vscode-dropdown
        class="device"
        aria-label={strings.device}
        title={trusted ? strings.device : strings.deviceUntrusted}
        value={trusted ? device : 'cpu'}
        disabled={!trusted || busy}
        onChange={({ target }) => setDevice(target.value as DeviceChoice)}
      >
        {DEVICE_CHOICES.map((choice) => (
          <vscode-option key={choice} value={choice}>
            {choice}
          </vscode-option>
        ))}
      </vscode-dropdown>
      <span class="tolerance">
        <vscode-text-field
          class={valid ? '' : 'invalid'}
          ref={labelled(strings.tolerance)}
          title={valid ? strings.toleranceHint : strings.toleranceInvalid}
          placeholder={strings.tolerance}
          aria-invalid={!valid}
          value={tolerance}
          onInput={({ target }) => setTolerance(target.value)}
          onKeyDown={({ key }) => {
            if (key === 'Enter' && valid && !busy) run();
          }}
        />
        {!valid && (
          <span class="invalid-hint" role="alert">
            {strings.toleranceInvalid}
          </span>
        )}
      </span>
      <vscode-button
        appearance="secondary"
        disabled={!hasRows}
        onClick={() => host.postMessage({ type: 'export' })}
      >
        {strings.exportReport}
      </vscode-button>
      {/* One element, which keeps the focus when its meaning changes. */}
      <vscode-button
        appearance="primary"
        disabled={!busy && (!valid || state.kind === 'loading')}
        onClick={busy ? () => host.postMessage({ type: 'cancel' }) : run}
      >
        {busy
          ? strings.cancel
          : state.kind === 'empty' || state.kind === 'confirm'
            ? strings[words.begin]
            : strings.runAgain}
      </vscode-button>
    </div>
  );
}

function toleranceText(tolerance: number | null): string {
  return tolerance === null ? '' : String(tolerance);
}
