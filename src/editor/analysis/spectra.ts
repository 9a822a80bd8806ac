/** The singular values of single layers of a model, asked for while somebody looks at it, and kept as long. */
import { EventEmitter } from 'node:events';
import type { Settings } from '../../report/report';
import { spectrumInWorker } from '../../worker/client';
import type { LayerSpectrum } from '../protocol/protocol';
import type { SessionContext } from './session';

type Context = Pick<SessionContext, 'workerPath' | 'turns' | 'log'>;

export class Spectra extends EventEmitter<{ change: [LayerSpectrum] }> {
  private readonly known = new Map<string, LayerSpectrum>();
  private readonly running = new Map<string, AbortController>();

  /** @param path of the model on disk */
  constructor(
    private readonly path: string,
    private readonly context: Context,
  ) {
    super();
    this.setMaxListeners(0);
  }

  get all(): readonly LayerSpectrum[] {
    return [...this.known.values()];
  }

  /** Resolves when it has ended in whatever way; at once where it runs already, or has ended well. */
  async compute(layer: string, settings: Settings, base: string | null = null): Promise<void> {
    const { kind } = this.known.get(layer)?.state ?? {};
    if (kind === 'running' || kind === 'known') return;
    const controller = new AbortController();
    const { signal } = controller;
    this.running.set(layer, controller);
    const become = (state: LayerSpectrum['state']) => {
      if (!signal.aborted) this.become({ layer, state });
    };
    become({ kind: 'running', share: null });
    const { path } = this;
    const { workerPath, turns, log } = this.context;
    const told = (share: number) => become({ kind: 'running', share });
    try {
      const spectrum = await turns.take(signal, () =>
        spectrumInWorker({ path, base, settings, layer }, told, { workerPath, signal }),
      );
      become(spectrum === null ? { kind: 'cancelled' } : { kind: 'known', spectrum });
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) log('error', `${path}: the singular values of ${layer}: ${sentence}`);
      become({ kind: 'failed', sentence });
    }
    if (this.running.get(layer) === controller) this.running.delete(layer);
  }

  /** Its process ends at once. */
  cancel(layer: string): void {
    this.running.get(layer)?.abort();
    if (this.running.delete(layer)) this.become({ layer, state: { kind: 'cancelled' } });
  }

  /** Ends what runs and forgets what is known: of another run, nothing of it holds. */
  clear(): void {
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
    this.known.clear();
  }

  private become(spectrum: LayerSpectrum): void {
    this.known.set(spectrum.layer, spectrum);
    this.emit('change', spectrum);
  }
}
