/** What the button that runs asks the extension for. */
import type { FromPanel, PanelHead } from '../../src/editor/protocol/protocol';

type Chosen = Pick<FromPanel & { readonly type: 'run' }, 'device' | 'tolerance'>;

/** Where the panel asks whether to run with these settings, this is the answer, not the next question. */
export function runMessage(
  { state, settings }: Pick<PanelHead, 'state' | 'settings'>,
  chosen: Chosen,
): FromPanel {
  const { device, tolerance } = chosen;
  const asked = device === settings.device && tolerance === settings.tolerance;
  return state.kind === 'confirm' && asked ? { type: 'confirm' } : { type: 'run', device, tolerance };
}
